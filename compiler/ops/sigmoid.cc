// The two sigmoid functions of a tensor: y = 1 / (1 + e^-x) and y = tanh(x).
//
// int8, uint8: fixed point (TFLM), or a table of the float function (TFLite); a table on the device
// in both cases. int16: a table of 256 entries and linear interpolation. (docs/numerics.md,
// "Logistic".)
#include "ops/legacy_uint8.h"
#include "ops/sigmoid.h"

#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "numeric/sigmoid_table.h"
#include "ops/elements.h"
#include "ops/lookup.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

// The output's parameters follow from the function's range: [0, 1) or [-1, 1).
static void check_output(const Tensor& out, Sigmoid form)
{
    const bool logistic = form == Sigmoid::logistic;
    const float scale = out.type == DType::i16 ? 1.0f / 32768 : logistic ? 1.0f / 256 : 1.0f / 128;
    const int32_t zero_point = out.type == DType::i16
                                   ? 0
                                   : (logistic ? -128 : 0) + (out.type == DType::u8 ? 128 : 0);
    require(
        std::abs(out.quant.scale() - scale) <= scale * 1e-3f &&
            out.quant.zero_point() == zero_point,
        ErrorCode::T0205,
        {"",
         fmt::format("output scale {}, zero point {}", out.quant.scale(), out.quant.zero_point()),
         fmt::format("{} and {}", scale, zero_point), "quantise the model again"});
}

void infer_sigmoid(Graph& graph, Node& node, Sigmoid form)
{
    infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8, DType::i16});
    const Tensor& in = graph.input(node, 0);
    if (in.type == DType::f32) return;
    check_output(graph.output(node, 0), form);
    if (in.type != DType::i16) return;
    // Beyond this scale the 32-bit product of the reference overflows.
    require(in.quant.zero_point() == 0 && in.quant.scale() < 5.33f, ErrorCode::T0205,
            {"",
             fmt::format("input scale {}, zero point {}", in.quant.scale(), in.quant.zero_point()),
             "a scale below 5.33, zero point 0", "quantise the model again"});
}

// ---- oracle ----

float oracle_logistic_f32(float x)
{
    if (x > 16.619047164916992f) return 1.0f;
    if (x < -9.0f) return std::exp(x);
    return 1.0f / (1.0f + std::exp(-x));
}

int16_t oracle_logistic_s16(int64_t v)
{
    const auto& table = sigmoid_table();
    const int64_t a = std::abs(v);
    const auto u = static_cast<size_t>(a >> 9);
    const int64_t y = u >= 255 ? int64_t{0x7FFF} << 10
                               : (int64_t{table[u]} << 9) + (a & 511) * (table[u + 1] - table[u]);
    return static_cast<int16_t>((v >= 0 ? y + 512 : (int64_t{1} << 25) - y + 511) >> 10);
}

int16_t oracle_tanh_s16(int64_t v)
{
    const auto& table = sigmoid_table();
    const int64_t a = std::abs(v);
    const auto u = static_cast<size_t>(a >> 8);
    const int64_t y = u >= 255 ? int64_t{0xFFFF} << 8
                               : (int64_t{table[u]} << 8) + (a & 255) * (table[u + 1] - table[u]);
    return static_cast<int16_t>((v >= 0 ? y - (1 << 23) + 128 : -y + (1 << 23) + 127) >> 8);
}

namespace {

int64_t fixed_point_result(int32_t steps, float scale, Sigmoid form)
{
    int shift = 0;
    const double fraction = std::frexp(static_cast<double>(scale) * (1 << 27), &shift);
    const auto multiplier = static_cast<int32_t>(
        std::min(reference::round_half_away(fraction * 2147483648.0), 2147483647.0));
    const auto radius = static_cast<int64_t>(std::floor(15.0 * (1 << 27) / std::ldexp(1.0, shift)));
    const bool logistic = form == Sigmoid::logistic;
    if (steps <= -radius) return -128;
    if (steps >= radius) return 127;
    const int32_t scaled = reference::multiply(steps, {multiplier, shift});
    if (logistic) return reference::rounding_shift(reference::logistic(scaled, 4), 23) - 128;
    return reference::rounding_shift(reference::tanh(scaled, 4), 24);
}

int64_t table_result(int32_t steps, const Quantization& from, const Quantization& to, Sigmoid form)
{
    const float real = from.scale() * static_cast<float>(steps);
    const float result = form == Sigmoid::logistic ? 1.0f / (1.0f + std::exp(-real))
                                                   : std::tanh(real);
    return static_cast<int64_t>(std::round(result * (1.0f / to.scale()))) +
           (form == Sigmoid::logistic ? -128 : 0);
}

template <typename T> void eval_8_bit(EvalContext& c, Sigmoid form)
{
    const auto in = c.in<T>(0);
    const auto out = c.out<T>();
    const Quantization& from = c.input(0).quant;
    for (size_t i = 0; i < out.size(); ++i) {
        const int32_t steps = in[i] - from.zero_point();
        const int64_t result = c.match == Match::tflm
                                   ? fixed_point_result(steps, from.scale(), form)
                                   : table_result(steps, from, c.output().quant, form);
        // uint8 is the same function with everything 128 higher.
        out[i] = static_cast<T>(reference::saturate(result, -128, 127) +
                                (std::is_unsigned_v<T> ? 128 : 0));
    }
}

struct TableInput {
    int32_t multiplier;
    int shift;
};

// From the input's scale to steps of 1 / 12288.
TableInput table_input(float scale, Sigmoid form)
{
    const double log2_scale = std::log2(static_cast<double>(scale));
    const double rounded = std::round(log2_scale);
    const int left = 12 + static_cast<int>(rounded);
    if (std::abs(log2_scale - rounded) < 1e-3 &&
        (left == 0 || (form == Sigmoid::tanh && left == 1)))
        return {3 << left, 0};
    double multiplier = static_cast<double>(scale) * 12288.0;
    int shift = 0;
    for (; multiplier <= 16383.5 && shift < 31; ++shift) multiplier *= 2.0;
    return {static_cast<int32_t>(multiplier), shift};
}

void eval_s16(EvalContext& c, Sigmoid form)
{
    const auto in = c.in<int16_t>(0);
    const auto out = c.out<int16_t>();
    const TableInput scaling = table_input(c.input(0).quant.scale(), form);
    for (size_t i = 0; i < out.size(); ++i) {
        const int64_t half = scaling.shift > 0 ? int64_t{1} << (scaling.shift - 1) : 0;
        const int64_t v = (int64_t{in[i]} * scaling.multiplier + half) >> scaling.shift;
        out[i] = form == Sigmoid::logistic ? oracle_logistic_s16(v) : oracle_tanh_s16(v);
    }
}

}  // namespace

void eval_sigmoid(EvalContext& c, Sigmoid form)
{
    switch (c.input(0).type) {
    case DType::i8: return eval_8_bit<int8_t>(c, form);
    case DType::u8: return eval_8_bit<uint8_t>(c, form);
    case DType::i16: return eval_s16(c, form);
    default: break;
    }
    const auto in = c.in<float>(0);
    const auto out = c.out<float>();
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = form == Sigmoid::logistic ? oracle_logistic_f32(in[i]) : std::tanh(in[i]);
}

// ---- lowering ----

namespace {

void lower_s8(LowerContext& c, Sigmoid form)
{
    const bool logistic = form == Sigmoid::logistic;
    if (c.options.match == Match::tflite) {
        float (*const function)(float) = logistic
                                             ? +[](float x) { return 1.0f / (1.0f + std::exp(-x)); }
                                             : +[](float x) { return std::tanh(x); };
        return lower_lookup(c, [&](int32_t q) { return real_lookup(c, q, function); });
    }
    const Quantization& from = c.input(0).quant;
    const Requant requant = requant_of(std::ldexp(double{from.scale()}, 27));
    // Steps from which on the argument reaches 15, the end of its four integer bits.
    const int64_t reach = (INT64_C(15) << 27) >> (std::ilogb(from.scale()) + 28);
    lower_lookup(c, [&](int32_t q) -> int64_t {
        const int32_t steps = q - from.zero_point();
        if (steps <= -reach) return -128;
        if (steps >= reach) return 127;
        const int32_t argument = fixed::scaled(steps, requant);
        if (logistic) return fixed::divided_by_power(fixed::sigmoid(argument, 4), 23) - 128;
        return fixed::divided_by_power(fixed::hyperbolic_tangent(argument, 4), 24);
    });
}

void lower_s16(LowerContext& c, Sigmoid form)
{
    const float scale = c.input(0).quant.scale();
    // Powers of two near the table's own step are taken exactly; the rest gets 15 significant bits.
    int shift = 0;
    int32_t multiplier = 0;
    for (int left = 0; left <= (form == Sigmoid::tanh ? 1 : 0); ++left)
        if (std::abs(std::log2(double{scale}) - (left - 12)) < 1e-3) multiplier = 3 << left;
    if (multiplier == 0) {
        double factor = double{scale} * 12288.0;
        while (factor <= 16383.5 && shift < 31) {
            factor *= 2;
            ++shift;
        }
        multiplier = static_cast<int32_t>(factor);
    }
    c.allow_in_place(0);
    c.call("thb_sigmoid_s16",
           {c.in(0), c.in_flash(0), c.table(sigmoid_table(), "16-bit sigmoid", false),
            c.key(int64_t{form == Sigmoid::tanh}), c.out(),
            c.number(c.output().count(), "thb_index_t"), c.number(multiplier, "int32_t"),
            c.number(shift, "int8_t")});
}

}  // namespace

void lower_sigmoid(LowerContext& c, Sigmoid form)
{
    if (c.input(0).type == DType::i8) return lower_s8(c, form);
    if (c.input(0).type == DType::i16) return lower_s16(c, form);
    if (c.input(0).type != DType::f32) refuse_uint8(c);
    lower_unary_f32(c, form == Sigmoid::logistic ? "THB_UNARY_LOGISTIC" : "THB_UNARY_TANH");
}

}  // namespace thimble
