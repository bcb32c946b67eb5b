// y = x for x > 0, else alpha * x.
//
// int8, uint8, int16: one factor for each side, computed in float. A negative alpha multiplies by
// its magnitude and negates the result (docs/numerics.md, "LEAKY_RELU").
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/elements.h"
#include "ops/lookup.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

void import_leaky_relu(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = source.options.f32(tflite_field::leaky_relu::alpha);
}

float alpha_of(const Node& node)
{
    return std::any_cast<float>(node.attributes);
}

void export_leaky_relu(TfliteExport& file, const Node& node)
{
    file.write(node, "LEAKY_RELU", {{tflite_field::leaky_relu::alpha, alpha_of(node)}});
}

void infer(Graph& graph, Node& node)
{
    infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8, DType::i16});
    require(
        std::isfinite(alpha_of(node)), ErrorCode::T0202,
        {"", fmt::format("alpha {}", alpha_of(node)), "a finite number", "export the model again"});
}

// ---- oracle ----

template <typename T> void eval_quantized(EvalContext& c)
{
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const auto above =
        reference::quantize_multiplier(static_cast<double>(from.scale() / to.scale()));
    const auto below = reference::quantize_multiplier(
        static_cast<double>(from.scale() * alpha_of(c.node) / to.scale()));
    const reference::Clamp limits = reference::type_limits(c.output().type);
    const auto in = c.in<T>(0);
    const auto out = c.out<T>();
    for (size_t i = 0; i < out.size(); ++i) {
        const int32_t steps = in[i] - from.zero_point();
        int64_t scaled = reference::multiply(steps, above);
        if (steps < 0) {
            scaled = reference::multiply(steps, {std::abs(below.value), below.shift});
            if (below.value < 0) scaled = -scaled;
        }
        out[i] = static_cast<T>(
            reference::saturate(scaled + to.zero_point(), limits.lowest, limits.highest));
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
    const auto in = c.in<float>(0);
    const auto out = c.out<float>();
    for (size_t i = 0; i < out.size(); ++i) out[i] = in[i] > 0 ? in[i] : in[i] * alpha_of(c.node);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Tensor& in = c.input(0);
    const Arg count = c.number(c.output().count(), "thb_index_t");
    if (in.type == DType::f32) {
        c.allow_in_place(0);
        return c.call("thb_leaky_relu_f32",
                      {c.in(0), c.in_flash(0), c.out(), count, c.number(alpha_of(c.node))});
    }
    const Quantization& to = c.output().quant;
    const Requant above = requant_of(in.quant.scale() / to.scale());
    const float below_factor = in.quant.scale() * alpha_of(c.node) / to.scale();
    const Requant below = requant_of(std::abs(below_factor));
    const bool negated = below_factor < 0;
    if (in.type == DType::i16) {
        c.allow_in_place(0);
        return c.call("thb_leaky_relu_s16",
                      {c.in(0), c.in_flash(0), c.out(), count,
                       c.number(in.quant.zero_point(), "int32_t"),
                       c.number(above.multiplier, "int32_t"), c.number(above.shift, "int8_t"),
                       c.number(below.multiplier, "int32_t"), c.number(below.shift, "int8_t"),
                       c.key(int64_t{negated}), c.number(to.zero_point(), "int32_t")});
    }
    lower_lookup(c, [&](int32_t q) {
        const int32_t steps = q - in.quant.zero_point();
        const int64_t scaled = fixed::scaled(steps, steps < 0 ? below : above);
        return (steps < 0 && negated ? -scaled : scaled) + to.zero_point();
    });
}

}  // namespace

extern const OpDef op_leaky_relu;
const OpDef op_leaky_relu = {.name = "leaky_relu",
                             .tflite = {{"LEAKY_RELU", import_leaky_relu}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .same_attributes = equal_attributes<float>,
                             .export_tflite = export_leaky_relu,
                             .quantization = rule_for_values};

}  // namespace thimble
