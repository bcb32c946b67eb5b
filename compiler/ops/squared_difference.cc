// y = (a - b)^2 with broadcasting.
//
// int8, uint8, int16: both operands on a common scale, twice the larger one, with 7 (int16: no)
// more bits (docs/numerics.md, "SQUARED_DIFFERENCE"). int32 and float: plain arithmetic.
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <cmath>

namespace thimble {

namespace {

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    const DType type = graph.input(node, 0).type;
    require_plain_type(type, {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32});
    infer_pair(graph, node, type);
    if (type == DType::f32 || type == DType::i32) return;
    require_quantized(graph, node, {0, 1});
    require_output_quantized(graph, node);
    require_per_tensor(graph, node);
}

// ---- oracle ----

template <typename T> void eval_quantized(EvalContext& c)
{
    const int left_shift = sizeof(T) == 1 ? 7 : 0;
    const Quantization& a = c.input(0).quant;
    const Quantization& b = c.input(1).quant;
    const Quantization& out = c.output().quant;
    const double twice = 2.0 * static_cast<double>(std::max(a.scale(), b.scale()));
    const auto factor_a = reference::quantize_multiplier(static_cast<double>(a.scale()) / twice);
    const auto factor_b = reference::quantize_multiplier(static_cast<double>(b.scale()) / twice);
    const auto factor_out = reference::quantize_multiplier(
        twice * twice / ((1 << (2 * left_shift)) * static_cast<double>(out.scale())));
    const reference::Clamp limits = reference::type_limits(c.output().type);
    eval_pairs<T, T>(c, [&](T x, T y) {
        const int64_t term_a = reference::multiply((x - a.zero_point()) * (1 << left_shift),
                                                   factor_a);
        const int64_t term_b = reference::multiply((y - b.zero_point()) * (1 << left_shift),
                                                   factor_b);
        const int64_t difference = term_a - term_b;
        const int64_t scaled = reference::multiply(reference::wrap32(difference * difference),
                                                   factor_out);
        return reference::saturate(scaled + out.zero_point(), limits.lowest, limits.highest);
    });
}

void eval(EvalContext& c)
{
    switch (c.output().type) {
    case DType::i8: return eval_quantized<int8_t>(c);
    case DType::u8: return eval_quantized<uint8_t>(c);
    case DType::i16: return eval_quantized<int16_t>(c);
    default: return eval_plain(c, Binary::squared_difference, kNoClamp);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const DType type = c.output().type;
    if (type == DType::f32 || type == DType::i32)
        return lower_plain(c, Binary::squared_difference, kNoClamp);
    const int left_shift = type == DType::i8 ? 7 : 0;
    const Quantization& a = c.input(0).quant;
    const Quantization& b = c.input(1).quant;
    const Quantization& out = c.output().quant;
    const double common = 2.0 * std::max(a.scale(), b.scale());
    const Requant factor_a = requant_of(a.scale() / common);
    const Requant factor_b = requant_of(b.scale() / common);
    const Requant factor_out =
        requant_of(common * common / (std::ldexp(1.0, 2 * left_shift) * double{out.scale()}));
    const StoredClamp limits = limits_of(type);
    const std::vector<int32_t> constants{
        a.zero_point(),      factor_a.multiplier, factor_a.shift,        b.zero_point(),
        factor_b.multiplier, factor_b.shift,      factor_out.multiplier, factor_out.shift,
        out.zero_point(),    limits.lowest,       limits.highest};
    std::vector<Arg> args = pair_args(c);
    args.push_back(type_key(c, type));
    args.push_back(c.key(int64_t{left_shift}));
    args.push_back(c.table(constants, "constants of " + c.node.name, false));
    c.call("thb_squared_difference_q", args);
}

}  // namespace

extern const OpDef op_squared_difference;
const OpDef op_squared_difference = {.name = "squared_difference",
                                     .tflite = {{"SQUARED_DIFFERENCE", import_nothing}},
                                     .infer = infer,
                                     .eval = eval,
                                     .lower = lower,
                                     .export_tflite = export_plain,
                                     .quantization = rule_for_values};

}  // namespace thimble
