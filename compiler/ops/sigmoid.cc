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
#include "ops/by_turn.h"
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

// The result, in steps from the middle of the output's range, of an argument in Q4.
int64_t fixed_steps(int32_t argument, Sigmoid form)
{
    if (form == Sigmoid::logistic)
        return fixed::divided_by_power(fixed::sigmoid(argument, 4), 23) - 128;
    return fixed::divided_by_power(fixed::hyperbolic_tangent(argument, 4), 24);
}

float real_function(float x, Sigmoid form)
{
    return form == Sigmoid::logistic ? 1.0f / (1.0f + std::exp(-x)) : std::tanh(x);
}

// Steps from which on the argument reaches 15, the end of its four integer bits.
int64_t reach_of(float scale)
{
    return (INT64_C(15) << 27) >> (std::ilogb(scale) + 28);
}

int64_t result_s8(const LowerContext& c, Sigmoid form, const Quantization& from, int32_t q)
{
    const int32_t steps = q - from.zero_point();
    if (c.options.match == Match::tflite) {
        const float per_step = 1.0f / c.output().quant.scale();
        const float y = real_function(from.scale() * static_cast<float>(steps), form);
        return static_cast<int64_t>(std::round(y * per_step)) + c.output().quant.zero_point();
    }
    if (std::abs(steps) >= reach_of(from.scale())) return steps < 0 ? -128 : 127;
    return fixed_steps(fixed::scaled(steps, requant_of(std::ldexp(double{from.scale()}, 27))),
                       form);
}

void lower_s8(LowerContext& c, Sigmoid form)
{
    const Quantization& from = c.input(0).quant;
    lower_lookup(c, [&](int32_t q) { return result_s8(c, form, from, q); });
}

// The arguments in Q4 at which the result gets larger by one step, by bisection.
std::vector<int32_t> thresholds_of(const LowerContext& c, Sigmoid form)
{
    const auto steps_at = [&](int64_t x) -> int64_t {
        if (c.options.match == Match::tflm) return fixed_steps(static_cast<int32_t>(x), form);
        const float y = real_function(std::ldexp(static_cast<float>(x), -27), form);
        return static_cast<int64_t>(std::round(y * (1.0f / c.output().quant.scale()))) +
               c.output().quant.zero_point();
    };
    std::vector<int32_t> thresholds;
    for (int64_t k = 1; k <= 128; ++k) {
        int64_t below = 0, above = INT64_C(15) << 27;
        while (above - below > 1) {
            const int64_t middle = (below + above) / 2;
            (steps_at(middle) >= k ? above : below) = middle;
        }
        const bool never = above == INT64_C(15) << 27 && steps_at(above) < k;
        thresholds.push_back(never ? INT32_MAX : static_cast<int32_t>(above));
    }
    return thresholds;
}

// What thb_sigmoid_turn_s8 computes.
int64_t counted_steps(const std::vector<int32_t>& thresholds, const Quantization& from, int32_t q)
{
    const int32_t steps = q - from.zero_point();
    int64_t y = 128;
    if (std::abs(steps) < reach_of(from.scale())) {
        const int32_t x = fixed::scaled(std::abs(steps),
                                        requant_of(std::ldexp(double{from.scale()}, 27)));
        y = std::ranges::upper_bound(thresholds, x) - thresholds.begin();
    }
    return steps < 0 ? -y : std::min<int64_t>(y, 127);
}

// 128 thresholds for all turns, where they give every result of every turn; else a table a turn.
void lower_by_turn(LowerContext& c, Sigmoid form)
{
    const std::vector<Quantization> scales = scales_by_turn(c.input(0));
    const std::vector<int32_t> thresholds = thresholds_of(c, form);
    std::vector<std::vector<int8_t>> tables;
    bool equal = std::ranges::is_sorted(thresholds);
    for (const Quantization& from : scales) {
        tables.emplace_back(256);
        for (int32_t q = -128; q <= 127; ++q) {
            const int64_t result = std::clamp<int64_t>(result_s8(c, form, from, q), -128, 127);
            tables.back()[static_cast<uint8_t>(q)] = static_cast<int8_t>(result);
            equal = equal && counted_steps(thresholds, from, q) == result;
        }
    }
    c.allow_in_place(0);
    const Arg count = c.number(c.output().count(), "thb_index_t");
    if (!equal)
        return c.call("thb_lookup_s8",
                      {c.in(0), c.in_flash(0), turn_table(c, tables, "results of " + c.node.name),
                       c.out(), count});
    const ScaleArgs in = scale_args(c, c.input(0));
    const std::string name = form == Sigmoid::logistic ? "logistic" : "tanh";
    c.call("thb_sigmoid_turn_s8",
           {c.in(0), c.in_flash(0), c.table(thresholds, "thresholds of " + name, false), c.out(),
            count, in.scale, in.zero_point});
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

std::string no_sigmoid_by_turn(const Graph& graph, const Node& node)
{
    // Beyond this scale a step is more than the argument's range.
    for (const Quantization& from : scales_by_turn(graph.input(node, 0)))
        if (from.scale() >= 1.0f) return fmt::format("an input scale of {}", from.scale());
    const std::vector<Quantization> out = scales_by_turn(graph.output(node, 0));
    if (out.size() > 1) return "an output scale that changes by the step";
    return only_plain_int8(graph, node, {0}, 0);
}

void lower_sigmoid(LowerContext& c, Sigmoid form)
{
    if (changes_by_turn(c.graph, c.node)) return lower_by_turn(c, form);
    if (c.input(0).type == DType::i8) return lower_s8(c, form);
    if (c.input(0).type == DType::i16) return lower_s16(c, form);
    if (c.input(0).type != DType::f32) refuse_uint8(c);
    lower_unary_f32(c, form == Sigmoid::logistic ? "THB_UNARY_LOGISTIC" : "THB_UNARY_TANH");
}

}  // namespace thimble
