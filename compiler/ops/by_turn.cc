#include "ops/by_turn.h"

#include "ops/control.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

// Scales that the kernels take apart: normal numbers with room for products and quotients.
constexpr float kScaleLeast = 0x1p-40f, kScaleMost = 0x1p40f;

Tensor at_turn(Tensor tensor, size_t turn)
{
    if (!tensor.by_turn) return tensor;
    const TurnValues& values = *tensor.by_turn;
    if (!values.quant.empty()) tensor.quant = values.quant.at(turn);
    if (!values.data.empty()) tensor.data = values.data.at(turn);
    return tensor;
}

bool is_branch(const Node& node)
{
    return node.attributes.type() == typeid(IfAttributes);
}

std::vector<TensorId> tensors_of(const Node& node)
{
    std::vector<TensorId> ids = node.inputs;
    ids.insert(ids.end(), node.outputs.begin(), node.outputs.end());
    std::erase(ids, kNoTensor);
    return ids;
}

}  // namespace

std::vector<Quantization> scales_by_turn(const Tensor& tensor)
{
    if (!tensor.by_turn || tensor.by_turn->quant.empty()) return {tensor.quant};
    const std::vector<Quantization>& all = tensor.by_turn->quant;
    const bool same = std::ranges::all_of(all, [&](const Quantization& q) {
        return q.scales == all[0].scales && q.zero_points == all[0].zero_points;
    });
    return same ? std::vector<Quantization>{all[0]} : all;
}

Graph graph_at_turn(const Graph& body, size_t turn)
{
    Graph graph = body;
    for (Tensor& tensor : graph.tensors) tensor = at_turn(std::move(tensor), turn);
    for (Node& node : graph.nodes) {
        if (!is_branch(node)) continue;
        std::vector<std::shared_ptr<const Graph>> branches = bodies_of(node);
        for (auto& branch : branches)
            branch = std::make_shared<const Graph>(graph_at_turn(*branch, turn));
        set_bodies(node, std::move(branches));
    }
    return graph;
}

bool changes_by_turn(const Graph& graph, const Node& node)
{
    return std::ranges::any_of(tensors_of(node), [&](TensorId id) {
        return graph.tensor(id).by_turn != nullptr;
    });
}

bool changes_by_turn(const Graph& body)
{
    return std::ranges::any_of(body.nodes, [&](const Node& node) {
        if (changes_by_turn(body, node)) return true;
        return is_branch(node) && std::ranges::any_of(bodies_of(node), [](const auto& branch) {
                   return changes_by_turn(*branch);
               });
    });
}

std::string no_changing_scales(const Graph& body)
{
    for (const Node& node : body.nodes) {
        std::string reason;
        if (is_branch(node))
            for (const auto& branch : bodies_of(node))
                if (reason.empty()) reason = no_changing_scales(*branch);
        if (!reason.empty()) return reason;
        if (changes_by_turn(body, node))
            reason = node.op->no_changing_scales
                         ? node.op->no_changing_scales(body, node)
                         : "it has no form with scales that change by the step";
        if (!reason.empty()) return fmt::format("layer '{}': {}", node.name, reason);
    }
    return "";
}

std::string keeps_scales(const Graph& graph, const Node& node)
{
    const std::vector<Quantization> out = scales_by_turn(graph.output(node, 0));
    for (const TensorId id : tensors_of(node)) {
        const Tensor& tensor = graph.tensor(id);
        if (tensor.is_constant() && !tensor.by_turn && !tensor.quant.present()) continue;
        const std::vector<Quantization> scales = scales_by_turn(tensor);
        bool same = scales.size() == out.size();
        for (size_t t = 0; t < scales.size() && same; ++t)
            same = scales[t].scales == out[t].scales && scales[t].zero_points == out[t].zero_points;
        if (!same) return fmt::format("the scale of '{}' is not that of its result", tensor.name);
    }
    return "";
}

std::string only_plain_int8(const Graph& graph, const Node& node, std::initializer_list<size_t> in,
                            int activation)
{
    if (activation != 0) return "a fused activation";
    std::vector<TensorId> ids = {node.outputs.at(0)};
    for (const size_t i : in) ids.push_back(node.inputs.at(i));
    for (const TensorId id : ids) {
        const Tensor& tensor = graph.tensor(id);
        if (tensor.type != DType::i8) return "its elements are no int8";
        if (tensor.is_constant() && tensor.by_turn && !tensor.by_turn->data.empty())
            return "a constant operand that changes by the step";
        for (const Quantization& q : scales_by_turn(tensor))
            if (q.per_channel() || !(q.scale() >= kScaleLeast && q.scale() <= kScaleMost) ||
                q.zero_point() < -128 || q.zero_point() > 127)
                return fmt::format("scale {} of '{}'", q.scale(), tensor.name);
    }
    return "";
}

}  // namespace thimble
