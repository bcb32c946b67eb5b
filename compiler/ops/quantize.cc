// Real numbers to integers, and integers to another scale: QUANTIZE.
//
//   float:    q = clamp(round(x / scale) + zero_point), halves away from zero
//   integer:  q = clamp(multiply(q_in - in_zero_point, in_scale / scale) + zero_point)
//
// Numbers too large for the type saturate; NaN is unspecified. (docs/numerics.md, "Quantize".)
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/by_turn.h"
#include "ops/elements.h"
#include "ops/lookup.h"
#include "ops/op.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

bool storable(DType type)
{
    return type == DType::i8 || type == DType::u8 || type == DType::i16 || type == DType::i32;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& in = graph.input(node, 0);
    Tensor& out = graph.tensor(node.outputs[0]);
    if (!storable(out.type) || (in.type != DType::f32 && !storable(in.type)))
        fail_type(fmt::format("{} to {}", dtype_name(in.type), dtype_name(out.type)),
                  "float32, int8, uint8, int16 or int32 to int8, uint8, int16 or int32");
    require_output_quantized(graph, node);
    if (in.type != DType::f32) require_quantized(graph, node, {0});
    require_per_tensor(graph, node);
    out.shape = in.shape;
}

// ---- oracle ----

template <typename T> void eval_to(EvalContext& c)
{
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const auto out = c.out<T>();
    const reference::Clamp limits = reference::type_limits(c.output().type);
    if (c.input(0).type == DType::f32) {
        const auto in = c.in<float>(0);
        for (size_t i = 0; i < out.size(); ++i) {
            const float steps = in[i] / to.scale();
            const double rounded = std::isnan(steps)
                                       ? 0.0
                                       : reference::round_half_away(steps) + to.zero_point();
            out[i] = static_cast<T>(std::clamp<double>(rounded, limits.lowest, limits.highest));
        }
        return;
    }
    const std::vector<double> in = c.raw(0);
    const auto factor = reference::quantize_multiplier(static_cast<double>(from.scale()) /
                                                       static_cast<double>(to.scale()));
    for (size_t i = 0; i < out.size(); ++i) {
        const int32_t steps = reference::wrap32(static_cast<int64_t>(in[i]) - from.zero_point());
        const int64_t q = int64_t{reference::multiply(steps, factor)} + to.zero_point();
        out[i] = static_cast<T>(reference::saturate(q, limits.lowest, limits.highest));
    }
}

void eval(EvalContext& c)
{
    switch (c.output().type) {
    case DType::i8: return eval_to<int8_t>(c);
    case DType::u8: return eval_to<uint8_t>(c);
    case DType::i16: return eval_to<int16_t>(c);
    default: return eval_to<int32_t>(c);
    }
}

// ---- lowering ----

// The limits of the type without the zero point: the kernels add it after clamping, which cannot
// overflow.
StoredClamp step_limits(const Tensor& out)
{
    const StoredClamp limits = limits_of(out.type);
    const auto less_zero = [&](int64_t limit) {
        return static_cast<int32_t>(
            std::clamp<int64_t>(limit - out.quant.zero_point(), INT32_MIN, INT32_MAX));
    };
    return {less_zero(limits.lowest), less_zero(limits.highest)};
}

void lower_float(LowerContext& c)
{
    const StoredClamp limits = step_limits(c.output());
    c.allow_in_place(0);
    c.call("thb_quantize_f32",
           {c.in(0), c.in_flash(0), c.out(), type_key(c, c.output().type),
            c.number(c.output().count(), "thb_index_t"), c.number(c.output().quant.scale()),
            c.number(limits.lowest, "int32_t"), c.number(limits.highest, "int32_t"),
            c.number(c.output().quant.zero_point(), "int32_t")});
}

void lower_integer(LowerContext& c, Requant requant)
{
    const StoredClamp limits = step_limits(c.output());
    if (element_bytes(c.input(0).type) >= element_bytes(c.output().type)) c.allow_in_place(0);
    c.call("thb_quantize_int",
           {c.in(0), c.in_flash(0), type_key(c, c.input(0).type), c.out(),
            type_key(c, c.output().type), c.number(c.output().count(), "thb_index_t"),
            c.number(c.input(0).quant.zero_point(), "int32_t"),
            c.number(requant.multiplier, "int32_t"), c.number(requant.shift, "int8_t"),
            c.number(limits.lowest, "int32_t"), c.number(limits.highest, "int32_t"),
            c.number(c.output().quant.zero_point(), "int32_t")});
}

void lower_by_turn(LowerContext& c)
{
    const ScaleArgs in = scale_args(c, c.input(0)), out = scale_args(c, c.output());
    c.allow_in_place(0);
    c.call("thb_quantize_turn_s8",
           {c.in(0), c.in_flash(0), c.out(), c.number(c.output().count(), "thb_index_t"), in.scale,
            in.zero_point, out.scale, out.zero_point});
}

void lower(LowerContext& c)
{
    const Tensor& in = c.input(0);
    const Tensor& out = c.output();
    if (changes_by_turn(c.graph, c.node)) return lower_by_turn(c);
    if (in.type == DType::f32) return lower_float(c);
    const Requant requant = requant_of(double{in.quant.scale()} / double{out.quant.scale()});
    if (element_bytes(in.type) != 1 || element_bytes(out.type) != 1)
        return lower_integer(c, requant);
    const int32_t offset = in.quant.zero_point() - out.quant.zero_point();
    if (in.type != out.type && in.quant.scale() == out.quant.scale() &&
        offset == (out.type == DType::i8 ? 128 : -128)) {
        c.allow_in_place(0);
        return c.call("thb_quantize_flip",
                      {c.in(0), c.in_flash(0), c.out(), c.number(out.count(), "thb_index_t")});
    }
    lower_lookup(c, [&](int32_t q) {
        return int64_t{fixed::scaled(q - in.quant.zero_point(), requant)} + out.quant.zero_point();
    });
}

}  // namespace

extern const OpDef op_quantize;
const OpDef op_quantize = {.name = "quantize",
                           .tflite = {{"QUANTIZE", import_nothing}},
                           .infer = infer,
                           .eval = eval,
                           .lower = lower,
                           .no_changing_scales = [](const Graph& graph, const Node& node) {
                               return only_plain_int8(graph, node, {0}, 0);
                           },
                           .export_tflite = export_plain};

}  // namespace thimble
