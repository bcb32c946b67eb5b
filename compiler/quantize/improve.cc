#include "quantize/improve.h"

#include "ops/op.h"

#include <algorithm>
#include <cmath>

namespace thimble {

namespace {

using Role = QuantizationRule::Role;

// A layer with constant weights: the places of its tensors.
struct Weighted {
    size_t node = 0;
    QuantizationRule rule;
    size_t weights = 0;
    TensorId bias = kNoTensor;
};

std::vector<Weighted> weighted_nodes(const Graph& graph)
{
    std::vector<Weighted> found;
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        const Node& node = graph.nodes[n];
        Weighted one{.node = n, .rule = rule_of(graph, node)};
        size_t matrices = 0;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            if (one.rule.inputs[i].role == Role::weights && node.inputs[i] != kNoTensor) {
                one.weights = i;
                ++matrices;
            }
            if (one.rule.inputs[i].role == Role::bias) one.bias = node.inputs[i];
        }
        if (matrices == 1 && one.rule.inputs[one.weights].axis >= 0) found.push_back(one);
    }
    return found;
}

int64_t uses_of(const Graph& graph, TensorId id)
{
    int64_t uses = std::ranges::count(graph.outputs, id);
    for (const Node& node : graph.nodes) uses += std::ranges::count(node.inputs, id);
    return uses;
}

size_t index_along(const Shape& shape, int64_t axis, size_t element)
{
    size_t inner = 1;
    for (size_t d = static_cast<size_t>(axis) + 1; d < shape.size(); ++d)
        inner *= static_cast<size_t>(shape[d]);
    return element / inner % static_cast<size_t>(shape[static_cast<size_t>(axis)]);
}

std::vector<float> greatest_along(const Tensor& weights, int64_t axis)
{
    std::vector<float> greatest(static_cast<size_t>(weights.shape[static_cast<size_t>(axis)]), 0);
    const auto values = weights.values<float>();
    for (size_t i = 0; i < values.size(); ++i) {
        float& one = greatest[index_along(weights.shape, axis, i)];
        one = std::max(one, std::abs(values[i]));
    }
    return greatest;
}

void scale_along(Graph& graph, TensorId id, int64_t axis, const std::vector<float>& factors)
{
    const Tensor& tensor = graph.tensor(id);
    std::vector<float> values = float_values(tensor);
    for (size_t i = 0; i < values.size(); ++i)
        values[i] *= factors[index_along(tensor.shape, axis, i)];
    set_floats(graph, id, values);
}

// Factors below or above these gain nothing and may overflow a bias.
constexpr float kFactorMost = 16;

bool equalize_pair(Graph& graph, const Weighted& first, const Weighted& second)
{
    const Node& a = graph.nodes[first.node];
    const Node& b = graph.nodes[second.node];
    const QuantizationRule::Input& w1 = first.rule.inputs[first.weights];
    const QuantizationRule::Input& w2 = second.rule.inputs[second.weights];
    if (!first.rule.homogeneous || b.inputs[w2.of] != a.outputs[0]) return false;
    if (uses_of(graph, a.outputs[0]) != 1) return false;
    const TensorId first_id = a.inputs[first.weights], second_id = b.inputs[second.weights];
    for (const TensorId id : {first_id, second_id, first.bias})
        if (id != kNoTensor && uses_of(graph, id) != 1) return false;
    const std::vector<float> r1 = greatest_along(graph.tensor(first_id), w1.axis);
    const std::vector<float> r2 = greatest_along(graph.tensor(second_id), w2.in_axis);
    if (r1.size() != r2.size()) return false;
    std::vector<float> down(r1.size(), 1), up(r1.size(), 1);
    for (size_t c = 0; c < r1.size(); ++c) {
        if (r1[c] <= 0 || r2[c] <= 0) continue;
        up[c] = std::clamp(std::sqrt(r1[c] / r2[c]), 1 / kFactorMost, kFactorMost);
        down[c] = 1 / up[c];
    }
    scale_along(graph, first_id, w1.axis, down);
    if (first.bias != kNoTensor) scale_along(graph, first.bias, 0, down);
    scale_along(graph, second_id, w2.in_axis, up);
    return true;
}

}  // namespace

bool equalize_layers(FloatNetwork& network)
{
    constexpr int rounds = 4;  // chains of layers settle quickly
    bool changed = false;
    const std::vector<Weighted> layers = weighted_nodes(network.graph);
    for (int i = 0; i < rounds; ++i)
        for (const Weighted& first : layers)
            for (const Weighted& second : layers)
                changed = equalize_pair(network.graph, first, second) || changed;
    return changed;
}

bool correct_biases(FloatNetwork& network, const Assembled& assembled, const Observed& observed)
{
    Graph& graph = network.graph;
    bool changed = false;
    for (const Weighted& layer : weighted_nodes(graph)) {
        const Node& node = graph.nodes[layer.node];
        if (layer.bias == kNoTensor || uses_of(graph, layer.bias) != 1) continue;
        const QuantizationRule::Input& role = layer.rule.inputs[layer.weights];
        const auto& means = observed.means[static_cast<size_t>(node.inputs[role.of])];
        const Tensor& weights = graph.input(node, layer.weights);
        const Tensor& stored = assembled.graph.tensor(node.inputs[layer.weights]);
        if (means.empty() || !is_integer(stored.type) || !stored.quant.present()) continue;
        const auto channels = static_cast<size_t>(weights.shape[static_cast<size_t>(role.in_axis)]);
        std::vector<double> mean(channels, 0);
        for (size_t i = 0; i < means.size(); ++i) mean[i % channels] += means[i];
        for (double& one : mean)
            one *= static_cast<double>(channels) / static_cast<double>(means.size());
        std::vector<float> bias = float_values(graph.tensor(layer.bias));
        const auto values = weights.values<float>();
        for (size_t i = 0; i < values.size(); ++i) {
            const size_t o = index_along(weights.shape, role.axis, i);
            const double kept = double{stored.quant.scale_at(static_cast<int64_t>(o))} *
                                static_cast<int8_t>((*stored.data)[i]);
            bias.at(o) += static_cast<float>((values[i] - kept) *
                                             mean[index_along(weights.shape, role.in_axis, i)]);
        }
        set_floats(graph, layer.bias, bias);
        changed = true;
    }
    return changed;
}

}  // namespace thimble
