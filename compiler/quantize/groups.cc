#include "quantize/groups.h"

#include "ops/op.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thimble {

namespace {

using Role = QuantizationRule::Role;

// Of a tensor that held nothing but zero nothing is known: a scale that suits most signals.
Range known(const Range& range)
{
    return range.present() ? range : Range{-1, 1};
}

// Zero is always a stored number: padding and rectifiers need it.
Quantization asymmetric8(const Range& range)
{
    constexpr int64_t least = -128, steps = 255;
    const double span = double{range.most} - range.least;
    const auto scale = static_cast<float>(std::max(span / steps, 1e-12));
    const double zero = std::round(static_cast<double>(least) - range.least / double{scale});
    return {.scales = {scale},
            .zero_points = {static_cast<int64_t>(std::clamp(zero, -128.0, 127.0))}};
}

Quantization symmetric16(const Range& range)
{
    const double magnitude = std::max(std::abs(double{range.least}), std::abs(double{range.most}));
    return {.scales = {static_cast<float>(std::max(magnitude / 32767, 1e-12))}, .zero_points = {0}};
}

}  // namespace

ScaleGroups::ScaleGroups(const FloatNetwork& network, const Ranges& ranges,
                         const std::vector<Precision>& precision)
    : graph_(network.graph)
{
    const size_t count = graph_.tensors.size();
    parent_.resize(count);
    for (size_t i = 0; i < count; ++i) parent_[i] = i;
    ranges_ = ranges.tensors;
    ranges_.resize(count);
    wide_ = ranges.wide.empty() ? ranges_ : ranges.wide;
    wide_.resize(count);
    fixed_.resize(count);
    for (size_t i = 0; i < count; ++i) {
        const Tensor& tensor = graph_.tensors[i];
        if (!tensor.is_constant() || tensor.type != DType::f32) continue;
        Range seen;
        for (const float value : tensor.values<float>()) {
            seen.least = std::min(seen.least, value);
            seen.most = std::max(seen.most, value);
        }
        ranges_[i] = wide_[i] = seen;
    }
    for (const std::vector<TensorId>& turn : network.turns)
        for (const TensorId id : turn)
            if (graph_.tensor(id).type == DType::f32) join(turn[0], id);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
        const Node& node = graph_.nodes[n];
        if (precision[n] == Precision::real || precision[n] == Precision::half) continue;
        const QuantizationRule rule = rule_of(graph_, node);
        if (rule.output == QuantizationRule::Output::fixed)
            fixed_[root(node.outputs[0])] = Fixed{rule.fixed8, rule.fixed16};
        if (rule.output == QuantizationRule::Output::moved) join_moved(node, rule);
    }
}

// All that the node reads and writes shares a scale. Where it reads several tensors, one whose
// scale is fixed stays outside of the group: a QUANTIZE will stand before the node.
void ScaleGroups::join_moved(const Node& node, const QuantizationRule& rule)
{
    std::vector<TensorId> values;
    for (size_t i = 0; i < node.inputs.size(); ++i)
        if (rule.inputs[i].role == Role::value) values.push_back(node.inputs[i]);
    const bool one = values.size() == 1;
    for (size_t i = 1; i < node.outputs.size(); ++i) join(node.outputs[0], node.outputs[i]);
    for (const TensorId value : values)
        if (one || !is_fixed(value)) join(node.outputs[0], value);
}

size_t ScaleGroups::root(TensorId id) const
{
    auto at = static_cast<size_t>(id);
    while (parent_[at] != at) {
        parent_[at] = parent_[parent_[at]];
        at = parent_[at];
    }
    return at;
}

void ScaleGroups::join(TensorId a, TensorId b)
{
    const size_t to = root(a), from = root(b);
    if (to == from) return;
    parent_[from] = to;
    for (std::vector<Range>* ranges : {&ranges_, &wide_}) {
        (*ranges)[to].least = std::min((*ranges)[to].least, (*ranges)[from].least);
        (*ranges)[to].most = std::max((*ranges)[to].most, (*ranges)[from].most);
    }
    if (!fixed_[to]) fixed_[to] = fixed_[from];
}

Quantization ScaleGroups::scale_of(TensorId id, DType type) const
{
    const size_t group = root(id);
    if (fixed_[group]) {
        const auto& one = type == DType::i8 ? fixed_[group]->int8 : fixed_[group]->int16;
        if (one.scale > 0) return {.scales = {one.scale}, .zero_points = {one.zero_point}};
    }
    return type == DType::i8 ? asymmetric8(known(ranges_[group]))
                             : symmetric16(known(wide_[group]));
}

}  // namespace thimble
