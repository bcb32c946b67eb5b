// y[n,c] = x[n,c] - ln(sum_k e^x[n,k]) over the last axis.
//
// int8: fixed point, output in steps of 1/16 with zero point 127 (docs/numerics.md, "LOG_SOFTMAX").
// The exponentials of all differences are a table on the device; the logarithm is computed there.
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

void infer(Graph& graph, Node& node)
{
    infer_quantized_unary(graph, node, {DType::f32, DType::i8});
    require_rank(graph, node, 0, 1, 8);
    const Tensor& in = graph.input(node, 0);
    require_shape(in.count() > 0, "input " + shape_text(in.shape), "at least one element");
    if (in.type == DType::f32) return;
    const Quantization& out = graph.output(node, 0).quant;
    require(std::abs(out.scale() * 16.0f - 1.0f) < 1e-3f && out.zero_point() == 127,
            ErrorCode::T0205,
            {"", fmt::format("output scale {}, zero point {}", out.scale(), out.zero_point()),
             "1/16 and 127", "quantise the model again"});
    const double factor = double{in.quant.scale()} * (1 << 26);
    require(factor >= 1.0 && factor < 1 << 30, ErrorCode::T0205,
            {"", fmt::format("input scale {}", in.quant.scale()), "between 2^-26 and 16",
             "quantise the model again"});
    require_shape(in.shape.back() < 4096, "input " + shape_text(in.shape),
                  "rows of fewer than 4096 elements");
}

// ---- oracle ----

void eval_row(std::span<const int8_t> in, std::span<int8_t> out, float scale)
{
    const auto factor = reference::quantize_multiplier(
        std::min(static_cast<double>(scale) * (1 << 26), 2147483647.0));
    const auto reverse =
        reference::quantize_multiplier(std::ldexp(1.0, 31 - factor.shift) / factor.value);
    const auto diff_min =
        -static_cast<int32_t>(std::floor(31.0 * (1 << 26) / std::ldexp(1.0, factor.shift)));
    const int32_t highest = *std::max_element(in.begin(), in.end());
    int32_t sum = 0;
    for (const int8_t q : in)
        if (q - highest >= diff_min)
            sum += reference::rounding_shift(
                reference::exp_negative(reference::multiply(q - highest, factor), 5), 12);
    const int32_t log_sum = reference::log_q19_to_q26(sum);
    const int32_t shifted = reference::wrap32(int64_t{log_sum} - (int64_t{1} << 31));
    const int32_t limit = std::max(diff_min - 1, reference::multiply(shifted, reverse));
    for (size_t i = 0; i < in.size(); ++i) {
        const int32_t difference = in[i] - highest;
        out[i] = -128;
        if (difference <= limit) continue;
        const int32_t rescaled = reference::multiply(difference, factor);
        const int64_t q =
            int64_t{reference::rounding_shift(reference::wrap32(int64_t{rescaled} - log_sum), 22)} +
            127;
        out[i] = static_cast<int8_t>(reference::saturate(q, -128, 127));
    }
}

void eval(EvalContext& c)
{
    const auto count = static_cast<size_t>(c.input(0).shape.back());
    const auto elements = static_cast<size_t>(c.input(0).count());
    for (size_t begin = 0; begin < elements; begin += count) {
        if (c.input(0).type == DType::i8) {
            eval_row(c.in<int8_t>(0).subspan(begin, count), c.out<int8_t>().subspan(begin, count),
                     c.input(0).quant.scale());
            continue;
        }
        const auto in = c.in<float>(0).subspan(begin, count);
        const float highest = *std::max_element(in.begin(), in.end());
        float sum = 0.0f;
        for (const float x : in) sum += std::exp(x - highest);
        for (size_t i = 0; i < count; ++i)
            c.out<float>()[begin + i] = in[i] - highest - std::log(sum);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const int64_t count = c.input(0).shape.back();
    const int64_t rows = c.input(0).count() / count;
    c.allow_in_place(0);
    if (c.input(0).type == DType::f32)
        return c.call("thb_log_softmax_f32", {c.in(0), c.out(), c.number(rows, "thb_index_t"),
                                              c.number(count, "thb_index_t")});
    const Requant factor = requant_of(double{c.input(0).quant.scale()} * (1 << 26));
    const Requant reverse = requant_of(std::ldexp(1.0, 31 - factor.shift) / factor.multiplier);
    const int64_t difference_end = (INT64_C(31 << 26) >> factor.shift) + 1;
    std::vector<int32_t> exps;
    for (int32_t d = 0; d < std::min<int64_t>(256, difference_end); ++d) {
        const int64_t value =
            fixed::divided_by_power(fixed::exponential(fixed::scaled(-d, factor), 5), 12);
        if (value == 0) break;  // All further ones are zero as well.
        exps.push_back(static_cast<int32_t>(value));
    }
    c.call("thb_log_softmax_s8",
           {c.in(0), c.table(exps, "exponentials of " + c.node.name, false),
            c.number(static_cast<int64_t>(exps.size()), "int16_t"), c.out(),
            c.number(rows, "thb_index_t"), c.number(count, "thb_index_t"),
            c.number(factor.multiplier, "int32_t"), c.number(factor.shift, "int8_t"),
            c.number(reverse.multiplier, "int32_t"), c.number(reverse.shift, "int8_t"),
            c.number(1 - difference_end, "int32_t")});
}

}  // namespace

extern const OpDef op_log_softmax;
const OpDef op_log_softmax = {.name = "log_softmax",
                              .tflite = {{"LOG_SOFTMAX", import_nothing}},
                              .infer = infer,
                              .eval = eval,
                              .lower = lower,
                              .export_tflite = export_plain,
                              .quantization = [](const Graph& graph, const Node& node) {
                                  return rule_for_function(graph, node, {1.0f / 16, 127}, {});
                              }};

}  // namespace thimble
