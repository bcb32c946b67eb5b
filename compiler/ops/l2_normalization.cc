// Each row over its Euclidean length: y[n,c] = x[n,c] / sqrt(sum_k x[n,k]^2), the last axis being a
// row.
//
// int8, uint8: output in steps of 1/128, the inverse root by Newton's method (docs/numerics.md,
// "L2_NORMALIZATION"). float: the length is at least 1e-6, so that a row of zeros stays zero.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/reference.h"
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

void import_l2_normalization(const TfliteOperator& source, Graph&, Node&)
{
    const int activation = source.options.i8(tflite_field::l2_normalization::fused_activation);
    require(activation == tflite_field::kActivationNone, ErrorCode::T0202,
            {"", fmt::format("fused activation {}", activation), "none, as the reference demands",
             "export the activation as its own layer"});
}

void infer(Graph& graph, Node& node)
{
    infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8});
    require_rank(graph, node, 0, 1, 8);
    const Tensor& in = graph.input(node, 0);
    require_shape(in.count() > 0, "input " + shape_text(in.shape), "at least one element");
    if (in.type == DType::f32) return;
    const Quantization& out = graph.output(node, 0).quant;
    const int32_t zero_point = in.type == DType::u8 ? 128 : 0;
    require(std::abs(out.scale() * 128.0f - 1.0f) < 1e-3f && out.zero_point() == zero_point,
            ErrorCode::T0205,
            {"", fmt::format("output scale {}, zero point {}", out.scale(), out.zero_point()),
             fmt::format("1/128 and {}", zero_point), "quantise the model again"});
    require_shape(in.shape.back() <= 32768, "input " + shape_text(in.shape),
                  "rows of at most 32768 elements");
}

// ---- oracle ----

template <typename T> void eval_quantized(EvalContext& c)
{
    const auto count = static_cast<size_t>(c.input(0).shape.back());
    const int32_t in_zero = c.input(0).quant.zero_point();
    const reference::Clamp limits = reference::type_limits(c.output().type);
    for (size_t begin = 0; begin < c.in<T>(0).size(); begin += count) {
        const auto in = c.in<T>(0).subspan(begin, count);
        int64_t sum = 0;
        for (const T q : in) sum += int64_t{q - in_zero} * (q - in_zero);
        const reference::InverseSqrt inverse = reference::inverse_sqrt(static_cast<int32_t>(sum));
        for (size_t i = 0; i < count; ++i) {
            const int64_t scaled = reference::multiply(in[i] - in_zero,
                                                       {inverse.value, inverse.shift + 7});
            c.out<T>()[begin + i] = static_cast<T>(reference::saturate(
                scaled + c.output().quant.zero_point(), limits.lowest, limits.highest));
        }
    }
}

void eval(EvalContext& c)
{
    if (c.input(0).type == DType::i8) return eval_quantized<int8_t>(c);
    if (c.input(0).type == DType::u8) return eval_quantized<uint8_t>(c);
    const auto count = static_cast<size_t>(c.input(0).shape.back());
    for (size_t begin = 0; begin < c.in<float>(0).size(); begin += count) {
        const auto in = c.in<float>(0).subspan(begin, count);
        float sum = 0.0f;
        for (const float x : in) sum += x * x;
        const float length = std::max(std::sqrt(sum), 1e-6f);
        for (size_t i = 0; i < count; ++i) c.out<float>()[begin + i] = in[i] / length;
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const int64_t count = c.input(0).shape.back();
    const int64_t rows = c.input(0).count() / count;
    c.allow_in_place(0);
    if (c.input(0).type == DType::f32)
        return c.call("thb_l2_normalization_f32", {c.in(0), c.out(), c.number(rows, "thb_index_t"),
                                                   c.number(count, "thb_index_t")});
    c.call("thb_l2_normalization_s8",
           {c.in(0), c.out(), c.number(rows, "thb_index_t"), c.number(count, "thb_index_t"),
            c.number(c.input(0).quant.zero_point(), "int16_t")});
}

}  // namespace

extern const OpDef op_l2_normalization;
const OpDef op_l2_normalization = {.name = "l2_normalization",
                                   .tflite = {{"L2_NORMALIZATION", import_l2_normalization}},
                                   .infer = infer,
                                   .eval = eval,
                                   .lower = lower,
                                   .export_tflite = export_plain,
                                   .quantization = [](const Graph& graph, const Node& node) {
                                       return rule_for_function(graph, node, {1.0f / 128, 0}, {});
                                   }};

}  // namespace thimble
