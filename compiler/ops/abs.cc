// y = |x|. int8, int16: the distance from the zero point, brought to the output's scale where it
// differs.
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/elements.h"
#include "ops/lookup.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <cmath>

namespace thimble {

namespace {

void infer(Graph& graph, Node& node)
{
    infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32});
}

// ---- oracle ----

template <typename T> void eval_quantized(EvalContext& c)
{
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const auto factor =
        reference::quantize_multiplier(static_cast<double>(from.scale() / to.scale()));
    const reference::Clamp limits = reference::type_limits(c.output().type);
    const auto in = c.in<T>(0);
    const auto out = c.out<T>();
    for (size_t i = 0; i < out.size(); ++i) {
        const int32_t steps = std::abs(in[i] - from.zero_point());
        const int64_t scaled = from.scale() == to.scale() ? steps
                                                          : reference::multiply(steps, factor);
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
    case DType::i32: {
        for (size_t i = 0; i < c.out<int32_t>().size(); ++i)
            c.out<int32_t>()[i] = reference::wrap32(std::abs(int64_t{c.in<int32_t>(0)[i]}));
        return;
    }
    default: break;
    }
    for (size_t i = 0; i < c.out<float>().size(); ++i)
        c.out<float>()[i] = std::fabs(c.in<float>(0)[i]);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Tensor& in = c.input(0);
    if (in.type == DType::f32) return lower_unary_f32(c, "THB_UNARY_ABS");
    const Quantization& to = c.output().quant;
    // A factor of one leaves the number as it is: no special case is needed.
    const Requant factor = in.type == DType::i32 ? requant_of(1.0)
                                                 : requant_of(in.quant.scale() / to.scale());
    const int32_t in_zero = in.type == DType::i32 ? 0 : in.quant.zero_point();
    if (in.type == DType::i8)
        return lower_lookup(c, [&](int32_t q) {
            return int64_t{fixed::scaled(std::abs(q - in_zero), factor)} + to.zero_point();
        });
    const StoredClamp limits = limits_of(in.type);
    c.allow_in_place(0);
    c.call("thb_abs_int", {c.in(0), c.in_flash(0), c.out(), type_key(c, in.type),
                           c.number(in.count(), "thb_index_t"), c.number(in_zero, "int32_t"),
                           c.key(int64_t{in.type != DType::i32}),
                           c.number(factor.multiplier, "int32_t"), c.number(factor.shift, "int8_t"),
                           c.number(in.type == DType::i32 ? 0 : to.zero_point(), "int32_t"),
                           c.number(limits.highest, "int32_t")});
}

}  // namespace

extern const OpDef op_abs;
const OpDef op_abs = {.name = "abs",
                      .tflite = {{"ABS", import_nothing}},
                      .infer = infer,
                      .eval = eval,
                      .lower = lower,
                      .export_tflite = export_plain,
                      .quantization = rule_for_values};

}  // namespace thimble
