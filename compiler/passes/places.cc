#include "passes/places.h"

#include "ops/op.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string_view>

namespace thimble {

namespace {

// Larger tensors are no slices of a recurrence; the places would take more memory than the model.
constexpr int64_t kElementsMax = 1 << 20;

bool only_moves(const Node& node)
{
    static constexpr std::string_view kMoving[] = {"reshape",   "slice",   "split", "gather",
                                                   "transpose", "reverse", "pack",  "concat"};
    return node.op && std::ranges::count(kMoving, node.op->name) > 0;
}

// The inputs that are data, not shapes or axes; empty when the node is no plain movement.
std::vector<size_t> data_inputs(const Graph& graph, const Node& node)
{
    std::vector<size_t> data;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] == kNoTensor) return {};
        const Tensor& tensor = graph.tensor(node.inputs[i]);
        const bool joins = node.op->name == "pack" || node.op->name == "concat";
        if (tensor.is_constant() && !joins) continue;
        if (tensor.count() > kElementsMax) return {};
        data.push_back(i);
    }
    return data;
}

// Runs the node on numbers: input data.inputs[k] holds first[k], first[k] + 1, ...
std::vector<Places> run_on_places(const Graph& graph, const Node& node,
                                  const std::vector<size_t>& data)
{
    Graph numbers;
    Node copy = node;
    std::vector<std::vector<uint8_t>> values;
    const auto add = [&](const Tensor& source, bool is_data) {
        Tensor tensor;
        tensor.name = source.name;
        tensor.shape = source.shape;
        tensor.type = is_data ? DType::i32 : source.type;
        if (!is_data) tensor.data = source.data;
        if (!is_data) tensor.kind = TensorKind::constant;
        values.push_back(is_data ? std::vector<uint8_t>(static_cast<size_t>(4 * source.count()))
                                 : *source.data);
        return numbers.add_tensor(std::move(tensor));
    };
    int32_t next = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        const bool is_data = std::ranges::count(data, i) > 0;
        copy.inputs[i] = add(graph.input(node, i), is_data);
        if (!is_data) continue;
        Places places(static_cast<size_t>(graph.input(node, i).count()));
        std::iota(places.begin(), places.end(), next);
        next += static_cast<int32_t>(places.size());
        if (!places.empty()) std::memcpy(values.back().data(), places.data(), 4 * places.size());
    }
    for (TensorId& id : copy.outputs) id = add(graph.tensor(id), true);
    EvalContext context(numbers, copy, values, Match::tflm);
    node.op->eval(context);
    std::vector<Places> result;
    for (const TensorId id : copy.outputs) {
        const std::vector<uint8_t>& bytes = values[static_cast<size_t>(id)];
        Places places(bytes.size() / 4);
        if (!places.empty()) std::memcpy(places.data(), bytes.data(), bytes.size());
        result.push_back(std::move(places));
    }
    return result;
}

}  // namespace

std::vector<AxisSlice> axis_slices(const Places& places, const Shape& shape)
{
    std::vector<AxisSlice> found;
    if (places.empty()) return found;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        const int64_t size = shape[axis];
        const int64_t inner = std::accumulate(shape.begin() + static_cast<int64_t>(axis) + 1,
                                              shape.end(), int64_t{1}, std::multiplies<>());
        if (size * static_cast<int64_t>(places.size()) != element_count(shape)) continue;
        const int64_t position = places[0] / inner % size;
        bool equal = true;
        for (size_t i = 0; i < places.size() && equal; ++i) {
            const auto element = static_cast<int64_t>(i);
            equal = places[i] == (element / inner * size + position) * inner + element % inner;
        }
        if (equal) found.push_back({axis, position});
    }
    return found;
}

const std::vector<Places>* Movements::moved(size_t node_index)
{
    const auto known = moved_.find(node_index);
    if (known != moved_.end()) return known->second.empty() ? nullptr : &known->second;
    std::vector<Places>& places = moved_[node_index];
    const Node& node = graph_.nodes[node_index];
    if (!only_moves(node)) return nullptr;
    const std::vector<size_t> data = data_inputs(graph_, node);
    if (data.size() != 1) return nullptr;
    for (const TensorId id : node.outputs)
        if (graph_.tensor(id).count() > kElementsMax ||
            graph_.tensor(id).type != graph_.input(node, data[0]).type ||
            !same_quant(graph_.tensor(id).quant, graph_.input(node, data[0]).quant))
            return nullptr;
    places = run_on_places(graph_, node, data);
    return &places;
}

std::vector<Origin> Movements::origins(TensorId id)
{
    std::vector<Origin> result;
    Places places(static_cast<size_t>(std::min(graph_.tensor(id).count(), kElementsMax)));
    std::iota(places.begin(), places.end(), 0);
    while (links_.producer[static_cast<size_t>(id)] != kNoNode) {
        const size_t n = links_.producer[static_cast<size_t>(id)];
        const std::vector<Places>* step = moved(n);
        if (!step) break;
        const Places& one = (*step)[links_.output_index[static_cast<size_t>(id)]];
        for (int32_t& place : places) place = one[static_cast<size_t>(place)];
        const Node& node = graph_.nodes[n];
        id = node.inputs[data_inputs(graph_, node)[0]];
        result.push_back({id, places});
    }
    return result;
}

std::optional<Movements::Joined> Movements::joined(const Node& node, size_t output)
{
    if (!only_moves(node)) return std::nullopt;
    Joined result;
    result.inputs = data_inputs(graph_, node);
    if (result.inputs.empty()) return std::nullopt;
    const Tensor& out = graph_.output(node, output);
    int64_t total = 0;
    std::vector<int64_t> ends;
    for (const size_t i : result.inputs) {
        const Tensor& in = graph_.input(node, i);
        if (!same_quant(in.quant, out.quant) || in.type != out.type) return std::nullopt;
        ends.push_back(total += in.count());
    }
    if (total > kElementsMax || out.count() > kElementsMax) return std::nullopt;
    const std::vector<Places> outputs = run_on_places(graph_, node, result.inputs);
    for (const int32_t place : outputs[output]) {
        const auto it = std::ranges::upper_bound(ends, static_cast<int64_t>(place));
        const auto from = static_cast<size_t>(it - ends.begin());
        result.from.push_back(static_cast<int32_t>(from));
        result.places.push_back(static_cast<int32_t>(place - (from == 0 ? 0 : ends[from - 1])));
    }
    return result;
}

}  // namespace thimble
