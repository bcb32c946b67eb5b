#include "ops/quantization_rule.h"

namespace thimble {

QuantizationRule rule_for_values(const Graph& graph, const Node& node)
{
    using Role = QuantizationRule::Role;
    QuantizationRule rule;
    for (const TensorId id : node.inputs) {
        const bool real = id != kNoTensor && graph.tensor(id).type == DType::f32;
        rule.inputs.push_back({.role = real ? Role::value : Role::kept});
    }
    return rule;
}

QuantizationRule rule_for_moves(const Graph& graph, const Node& node)
{
    QuantizationRule rule = rule_for_values(graph, node);
    rule.output = QuantizationRule::Output::moved;
    return rule;
}

QuantizationRule rule_for_int8(const Graph& graph, const Node& node)
{
    QuantizationRule rule = rule_for_values(graph, node);
    rule.int16 = false;
    return rule;
}

QuantizationRule rule_for_weights(const Graph& graph, const Node& node, const WeightedRule& form)
{
    using Role = QuantizationRule::Role;
    QuantizationRule rule = rule_for_values(graph, node);
    // Kernels with 16-bit activations have 8-bit matrices, which another layer cannot give them.
    const bool constant = graph.input(node, form.weights).is_constant();
    rule.int16 = constant;
    rule.homogeneous = constant && form.activation <= 1;
    if (constant)
        rule.inputs[form.weights] = {
            .role = Role::weights, .axis = form.axis, .in_axis = form.in_axis, .of = form.in};
    if (graph.has_input(node, form.bias)) {
        rule.inputs[form.bias] = {.role = Role::bias, .of = form.weights};
        // The scale of a bias follows from constant weights.
        if (!constant || !graph.input(node, form.bias).is_constant())
            rule.int8 = rule.int16 = false;
    }
    return rule;
}

QuantizationRule rule_for_function(const Graph& graph, const Node& node,
                                   QuantizationRule::Fixed fixed8,
                                   QuantizationRule::Fixed fixed16)
{
    QuantizationRule rule = rule_for_values(graph, node);
    rule.output = QuantizationRule::Output::fixed;
    rule.fixed8 = fixed8;
    rule.fixed16 = fixed16;
    rule.int16 = fixed16.scale > 0;
    return rule;
}

}  // namespace thimble
