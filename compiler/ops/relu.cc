// Rectifiers: y = min(max(x, lowest), highest). RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1.
//
// int8, uint8, int16: RELU brings its input to the output's scale first; the others clamp the
// stored numbers and ignore the output's scale, as the reference does (docs/numerics.md, "RELU").
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/elements.h"
#include "ops/lookup.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

struct ReluAttributes {
    float lowest = 0.0f;
    float highest = FLT_MAX;
    bool unbounded = true;  // RELU, the form that requantizes
    bool operator==(const ReluAttributes&) const = default;
};

void import_relu(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = ReluAttributes{};
}

void import_relu6(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = ReluAttributes{0.0f, 6.0f, false};
}

void import_relu_n1_to_1(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = ReluAttributes{-1.0f, 1.0f, false};
}

void import_relu_0_to_1(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = ReluAttributes{0.0f, 1.0f, false};
}

const ReluAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const ReluAttributes&>(node.attributes);
}

void infer(Graph& graph, Node& node)
{
    infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8, DType::i16});
}

// ---- oracle ----

template <typename T> void eval_quantized(EvalContext& c)
{
    const ReluAttributes& attributes = attributes_of(c.node);
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const reference::Clamp limits = reference::type_limits(c.input(0).type);
    const auto in = c.in<T>(0);
    const auto out = c.out<T>();
    const auto factor = reference::quantize_multiplier(from.scale() / to.scale());
    const auto stored = [&](float real) {
        const double q = reference::round_half_away(real / from.scale()) + from.zero_point();
        return static_cast<int32_t>(std::clamp<double>(q, limits.lowest, limits.highest));
    };
    for (size_t i = 0; i < out.size(); ++i) {
        if (attributes.unbounded) {
            const int64_t q = int64_t{reference::multiply(in[i] - from.zero_point(), factor)} +
                              to.zero_point();
            out[i] = static_cast<T>(
                reference::saturate(q, std::max(limits.lowest, to.zero_point()), limits.highest));
        } else {
            out[i] = static_cast<T>(
                std::clamp<int32_t>(in[i], stored(attributes.lowest), stored(attributes.highest)));
        }
    }
}

void eval(EvalContext& c)
{
    switch (c.input(0).type) {
    case DType::i8: return eval_quantized<int8_t>(c);
    case DType::u8: return eval_quantized<uint8_t>(c);
    case DType::i16: return eval_quantized<int16_t>(c);
    default: break;
    }
    const ReluAttributes& attributes = attributes_of(c.node);
    const auto in = c.in<float>(0);
    const auto out = c.out<float>();
    for (size_t i = 0; i < out.size(); ++i) {
        const float above = in[i] < attributes.lowest ? attributes.lowest : in[i];
        out[i] = !attributes.unbounded && above > attributes.highest ? attributes.highest : above;
    }
}

// ---- lowering ----

// The bounds of the clamping forms, in the input's stored numbers.
StoredClamp clamp_of(const LowerContext& c)
{
    const Quantization& from = c.input(0).quant;
    const StoredClamp limits = limits_of(c.input(0).type);
    const auto stored = [&](float real) {
        const double steps = std::round(double{real / from.scale()}) + from.zero_point();
        return static_cast<int32_t>(
            std::min<double>(std::max<double>(steps, limits.lowest), limits.highest));
    };
    return {stored(attributes_of(c.node).lowest), stored(attributes_of(c.node).highest)};
}

// The limits after requantisation, without the output's zero point, which the kernel adds last.
StoredClamp requantized_clamp(const Tensor& out)
{
    const int32_t zero_point = out.quant.zero_point();
    const StoredClamp limits = limits_of(out.type);
    return {std::max(limits.lowest - zero_point, 0), limits.highest - zero_point};
}

void lower_s16(LowerContext& c, Requant factor)
{
    const bool requantized = attributes_of(c.node).unbounded;
    const StoredClamp clamp = requantized ? requantized_clamp(c.output()) : clamp_of(c);
    c.allow_in_place(0);
    // Unbounded: QUANTIZE with another lower limit. Bounded: a factor of one and no zero points.
    const Requant used = requantized ? factor : requant_of(1.0);
    c.call("thb_quantize_int",
           {c.in(0), c.in_flash(0), type_key(c, DType::i16), c.out(), type_key(c, DType::i16),
            c.number(c.output().count(), "thb_index_t"),
            c.number(requantized ? c.input(0).quant.zero_point() : 0, "int32_t"),
            c.number(used.multiplier, "int32_t"), c.number(used.shift, "int8_t"),
            c.number(clamp.lowest, "int32_t"), c.number(clamp.highest, "int32_t"),
            c.number(requantized ? c.output().quant.zero_point() : 0, "int32_t")});
}

void lower(LowerContext& c)
{
    const ReluAttributes& attributes = attributes_of(c.node);
    if (c.input(0).type == DType::f32) {
        c.allow_in_place(0);
        return c.call("thb_relu_f32",
                      {c.in(0), c.in_flash(0), c.out(), c.key(int64_t{!attributes.unbounded}),
                       c.number(c.output().count(), "thb_index_t"), c.number(attributes.lowest),
                       c.number(attributes.highest)});
    }
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const Requant factor = requant_of(from.scale() / to.scale());
    if (c.input(0).type == DType::i16) return lower_s16(c, factor);
    const StoredClamp clamp = attributes.unbounded ? requantized_clamp(c.output()) : clamp_of(c);
    lower_lookup(c, [&](int32_t q) -> int64_t {
        if (!attributes.unbounded) return std::clamp(q, clamp.lowest, clamp.highest);
        return int64_t{std::clamp(fixed::scaled(q - from.zero_point(), factor), clamp.lowest,
                                  clamp.highest)} +
               to.zero_point();
    });
}

}  // namespace

extern const OpDef op_relu;
const OpDef op_relu = {.name = "relu",
                       .tflite = {{"RELU", import_relu},
                                  {"RELU6", import_relu6},
                                  {"RELU_N1_TO_1", import_relu_n1_to_1},
                                  {"RELU_0_TO_1", import_relu_0_to_1}},
                       .infer = infer,
                       .eval = eval,
                       .lower = lower,
                       .same_attributes = equal_attributes<ReluAttributes>,
                       .export_tflite = export_plain,
                       .quantization = [](const Graph& graph, const Node& node) {
                           // The forms with two bounds clamp stored numbers.
                           return attributes_of(node).unbounded ? rule_for_values(graph, node)
                                                                : rule_for_moves(graph, node);
                       }};

}  // namespace thimble
