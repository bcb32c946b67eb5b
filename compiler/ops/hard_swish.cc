// y = x * min(max(x + 3, 0), 6) / 6.
//
// int8, uint8: 16-bit fixed point, see docs/numerics.md, "HARD_SWISH"; a table on the device.
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/elements.h"
#include "ops/lookup.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

// The input's scale with seven more bits, over the output's: at most 1.
float out_factor(const Graph& graph, const Node& node)
{
    return graph.input(node, 0).quant.scale() * (1.0f / 128.0f) /
           graph.output(node, 0).quant.scale();
}

void infer(Graph& graph, Node& node)
{
    infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8});
    if (graph.input(node, 0).type == DType::f32) return;
    const float factor = out_factor(graph, node);
    require(factor < 1.0f, ErrorCode::T0205,
            {"", fmt::format("input scale {} times the output's", factor * 128.0f),
             "less than 128 times", "quantise the model again"});
}

// ---- oracle ----

int16_t reduced(int32_t multiplier)
{
    constexpr int32_t overflow = 2147483647 - (1 << 15);
    return static_cast<int16_t>(multiplier >= overflow ? 32767 : (multiplier + (1 << 15)) >> 16);
}

int64_t quantized_result(int32_t steps, float in_scale, float out_scale)
{
    const float high_scale = in_scale * (1.0f / 128.0f);
    const auto out = reference::quantize_multiplier(static_cast<double>(high_scale / out_scale));
    const auto relu =
        reference::quantize_multiplier(static_cast<double>(high_scale / (3.0f / 32768.0f)));
    const auto value = static_cast<int16_t>(static_cast<uint16_t>(steps * 128));
    const int16_t product = reference::high_mul16(value, reduced(out.value));
    int32_t gate = value;
    if (relu.shift > 0)
        gate = reference::saturate(int64_t{gate} << (relu.shift - 1), -32768, 32767);
    gate = reference::high_mul16(static_cast<int16_t>(gate), reduced(relu.value));
    if (relu.shift > 0) gate = reference::saturate(int64_t{gate} * 2, -32768, 32767);
    if (relu.shift < 0) gate = reference::rounding_shift(gate, -relu.shift);
    gate = (gate + 32768) >> 1;
    return reference::rounding_shift(gate * product / 32768, -out.shift);
}

template <typename T> void eval_quantized(EvalContext& c)
{
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const reference::Clamp limits = reference::type_limits(c.output().type);
    const auto in = c.in<T>(0);
    const auto out = c.out<T>();
    for (size_t i = 0; i < out.size(); ++i) {
        const int64_t q = quantized_result(in[i] - from.zero_point(), from.scale(), to.scale()) +
                          to.zero_point();
        out[i] = static_cast<T>(reference::saturate(q, limits.lowest, limits.highest));
    }
}

void eval(EvalContext& c)
{
    if (c.input(0).type == DType::i8) return eval_quantized<int8_t>(c);
    if (c.input(0).type == DType::u8) return eval_quantized<uint8_t>(c);
    const auto in = c.in<float>(0);
    const auto out = c.out<float>();
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = in[i] * std::min(6.0f, std::max(0.0f, in[i] + 3.0f)) * (1.0f / 6.0f);
}

// ---- lowering ----

struct SwishConstants {
    Requant out, gate;  // multipliers with 15 bits
};

SwishConstants constants_of(const LowerContext& c)
{
    const float high_scale = c.input(0).quant.scale() * (1.0f / 128.0f);
    SwishConstants constants{requant_of(high_scale / c.output().quant.scale()),
                             requant_of(high_scale / (3.0f / 32768.0f))};
    for (Requant* requant : {&constants.out, &constants.gate})
        requant->multiplier = static_cast<int32_t>(
            std::min((int64_t{requant->multiplier} + (1 << 15)) >> 16, INT64_C(32767)));
    return constants;
}

// Product of two numbers with 15 fraction bits; the only overflow, -1 * -1, cannot occur.
int64_t product_q15(int64_t a, int64_t b)
{
    return (a * b + (1 << 14)) >> 15;
}

int64_t result_of(const SwishConstants& k, int32_t steps)
{
    const auto saturated = [](int64_t value) {
        return std::clamp<int64_t>(value, INT16_MIN, INT16_MAX);
    };
    const auto value = static_cast<int16_t>(static_cast<uint16_t>(steps * 128));
    int64_t gate = value;
    if (k.gate.shift > 0) gate = saturated(gate * (INT64_C(1) << (k.gate.shift - 1)));
    gate = product_q15(gate, k.gate.multiplier);
    gate = k.gate.shift > 0 ? saturated(2 * gate) : fixed::divided_by_power(gate, -k.gate.shift);
    gate = (gate + 32768) >> 1;  // From [-1, 1] to [0, 1].
    return fixed::divided_by_power(gate * product_q15(value, k.out.multiplier) / 32768,
                                   -k.out.shift);
}

void lower(LowerContext& c)
{
    if (c.input(0).type == DType::f32) return lower_unary_f32(c, "THB_UNARY_HARD_SWISH");
    const SwishConstants constants = constants_of(c);
    const int32_t in_zero = c.input(0).quant.zero_point();
    const int32_t out_zero = c.output().quant.zero_point();
    lower_lookup(c, [&](int32_t q) { return result_of(constants, q - in_zero) + out_zero; });
}

}  // namespace

extern const OpDef op_hard_swish;
const OpDef op_hard_swish = {.name = "hard_swish",
                             .tflite = {{"HARD_SWISH", import_nothing}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .export_tflite = export_plain,
                             .quantization = rule_for_int8};

}  // namespace thimble
