#include "quantize/network.h"

#include "base/error.h"
#include "numeric/float16.h"
#include "ops/op.h"
#include "passes/passes.h"
#include "passes/spell_out.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <map>

namespace thimble {

std::vector<float> float_values(const Tensor& constant)
{
    const auto values = constant.values<float>();
    return {values.begin(), values.end()};
}

void set_floats(Graph& graph, TensorId id, const std::vector<float>& values)
{
    std::vector<uint8_t> bytes(values.size() * sizeof(float));
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    graph.set_constant(id, std::move(bytes));
}

QuantizationRule rule_of(const Graph& graph, const Node& node)
{
    if (node.op->quantization) return node.op->quantization(graph, node);
    QuantizationRule rule;
    rule.inputs.assign(node.inputs.size(), {.role = QuantizationRule::Role::kept});
    rule.output = QuantizationRule::Output::kept;
    rule.int8 = rule.int16 = false;
    return rule;
}

bool is_real(const Graph& graph, const Node& node)
{
    const auto real = [&](TensorId id) {
        return id != kNoTensor && graph.tensor(id).type == DType::f32;
    };
    return std::ranges::any_of(node.inputs, real) || std::ranges::any_of(node.outputs, real);
}

std::vector<TensorId> judged_tensors(const Graph& graph)
{
    std::vector<TensorId> judged = graph.outputs;
    for (const TensorId output : graph.outputs)
        for (const Node& node : graph.nodes) {
            const std::string_view op = node.op->name;
            const bool squeezes = op == "softmax" || op == "logistic" || op == "log_softmax";
            const bool computed = squeezes && node.outputs[0] == output &&
                                  graph.tensor(node.inputs[0]).kind == TensorKind::activation;
            if (computed) judged.push_back(node.inputs[0]);
        }
    return judged;
}

std::vector<std::vector<size_t>> layers_of(const FloatNetwork& network)
{
    std::map<TensorId, size_t> turn_of;
    for (size_t t = 0; t < network.turns.size(); ++t)
        for (const TensorId id : network.turns[t]) turn_of.emplace(id, t);
    std::map<size_t, size_t> known;  // turn -> layer
    std::vector<std::vector<size_t>> layers;
    for (size_t n = 0; n < network.graph.nodes.size(); ++n) {
        const Node& node = network.graph.nodes[n];
        const auto turn = node.outputs.empty() ? turn_of.end() : turn_of.find(node.outputs[0]);
        if (turn == turn_of.end()) {
            layers.push_back({n});
            continue;
        }
        const auto [layer, is_new] = known.try_emplace(turn->second, layers.size());
        if (is_new) layers.emplace_back();
        layers[layer->second].push_back(n);
    }
    return layers;
}

std::vector<std::vector<size_t>> units_of(const FloatNetwork& network)
{
    const Graph& graph = network.graph;
    std::map<std::string, size_t> recurrences;  // name -> unit
    std::map<TensorId, size_t> unit_of;         // of the node that computes the tensor
    std::vector<std::vector<size_t>> units;
    for (const std::vector<size_t>& layer : layers_of(network)) {
        const Node& node = graph.nodes[layer[0]];
        if (!is_real(graph, node)) continue;
        size_t unit = units.size();
        const bool moved = rule_of(graph, node).output == QuantizationRule::Output::moved;
        auto source = unit_of.end();
        for (const TensorId id : node.inputs)
            if (source == unit_of.end()) source = unit_of.find(id);
        if (layer.size() > 1)
            unit = recurrences.try_emplace(node.name.substr(0, node.name.find('/')), unit)
                       .first->second;
        else if (moved && source != unit_of.end())
            unit = source->second;
        if (unit == units.size()) units.emplace_back();
        for (const size_t n : layer) {
            units[unit].push_back(n);
            for (const TensorId id : graph.nodes[n].outputs) unit_of[id] = unit;
        }
    }
    return units;
}

std::string layer_name(const FloatNetwork& network, const std::vector<size_t>& layer)
{
    std::string name = network.graph.nodes[layer.at(0)].name;
    if (layer.size() == 1) return name;
    if (const size_t turn = name.find("/0/"); turn != std::string::npos) name.erase(turn, 2);
    return name;
}

namespace {

// Weights that a float layer reads as float16 or as integers with scales, as float32.
std::vector<float> widened(const Tensor& tensor)
{
    const int64_t inner = [&] {
        int64_t count = 1;
        for (size_t d = static_cast<size_t>(tensor.quant.axis) + 1; d < tensor.shape.size(); ++d)
            count *= tensor.shape[d];
        return std::max<int64_t>(count, 1);
    }();
    std::vector<float> values(static_cast<size_t>(tensor.count()));
    for (size_t i = 0; i < values.size(); ++i) {
        if (tensor.type == DType::f16) {
            values[i] = float16_value(tensor.values<uint16_t>()[i]);
            continue;
        }
        const auto scales = static_cast<int64_t>(tensor.quant.scales.size());
        const int64_t channel = scales > 1 ? static_cast<int64_t>(i) / inner % scales : 0;
        values[i] = static_cast<float>(static_cast<int8_t>((*tensor.data)[i])) *
                    tensor.quant.scale_at(channel);
    }
    return values;
}

void widen_weights(Graph& graph)
{
    for (Node& node : graph.nodes) {
        const QuantizationRule rule = rule_of(graph, node);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            if (rule.inputs[i].role != QuantizationRule::Role::weights) continue;
            if (!graph.has_input(node, i) || !graph.input(node, i).is_constant()) continue;
            const Tensor& stored = graph.input(node, i);
            if (stored.type != DType::f16 && stored.type != DType::i8 && stored.type != DType::i4)
                continue;
            Tensor wide;
            wide.name = stored.name;
            wide.shape = stored.shape;
            const std::vector<float> values = widened(stored);
            node.inputs[i] = graph.add_tensor(std::move(wide));
            set_floats(graph, node.inputs[i], values);
        }
    }
}

// A variable that is an input, and that no recurrent layer writes, is given anew in each run.
void make_inputs_plain(Graph& graph)
{
    const auto is_written = [&](TensorId id) {
        return std::ranges::any_of(graph.nodes, [&](const Node& node) {
            const QuantizationRule rule = rule_of(graph, node);
            for (size_t i = 0; i < node.inputs.size(); ++i)
                if (node.inputs[i] == id &&
                    (rule.inputs[i].role == QuantizationRule::Role::hidden ||
                     rule.inputs[i].role == QuantizationRule::Role::cell))
                    return true;
            return std::ranges::count(node.outputs, id) > 0;
        });
    };
    for (const TensorId id : graph.inputs) {
        Tensor& tensor = graph.tensor(id);
        if (tensor.kind != TensorKind::state || is_written(id)) continue;
        tensor.kind = TensorKind::activation;
        tensor.data = nullptr;
    }
}

}  // namespace

FloatNetwork prepare_network(const Graph& graph)
{
    Graph folded = graph;
    run_pass(fold_constants, folded);
    run_pass(remove_dead_nodes, folded);
    widen_weights(folded);
    make_inputs_plain(folded);
    for (const Tensor& tensor : folded.tensors)
        if (tensor.kind != TensorKind::constant && tensor.quant.present())
            fail(ErrorCode::T0202,
                 {fmt::format("tensor '{}'", tensor.name),
                  fmt::format("is {} with a scale: the network is quantised already",
                              dtype_name(tensor.type)),
                  "a float network", "quantise the float file that this one was made from"});
    SpelledOut spelled = spell_out(folded, has_no_integer_form);
    return {std::move(spelled.graph), std::move(spelled.turns)};
}

}  // namespace thimble
