// Softmax over the last axis: y[n,c] = exp(beta * x[n,c]) / sum_k exp(beta * x[n,k]).
//
// int8 and uint8: fixed point with 31 fraction bits, output in steps of 2^-8 (int16: 2^-16).
// int16: two tables of 513 entries, output in steps of 2^-15. (docs/numerics.md, "Softmax".)
// On the device the int8 form needs no exponential: a difference of two int8 values has 256 values,
// whose exponentials are a table. Only differences that can change a bit of the output are stored.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/elements.h"
#include "ops/legacy_uint8.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

struct SoftmaxAttributes {
    float beta = 1.0f;
    bool operator==(const SoftmaxAttributes&) const = default;
};

}  // namespace

float softmax_beta(const Node& node)
{
    return std::any_cast<const SoftmaxAttributes&>(node.attributes).beta;
}

namespace {

void import_softmax(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = SoftmaxAttributes{source.options.f32(tflite_field::softmax::beta)};
}

void check_quantization(const Graph& graph, const Node& node)
{
    require_quantized(graph, node, {0});
    require_output_quantized(graph, node);
    require_per_tensor(graph, node);
    const Tensor& in = graph.input(node, 0);
    const Tensor& out = graph.output(node, 0);
    const bool known = (in.type == DType::i8 &&
                        (out.type == DType::i8 || out.type == DType::i16)) ||
                       (in.type == DType::u8 && out.type == DType::u8) ||
                       (in.type == DType::i16 && out.type == DType::i16);
    if (!known)
        fail_type(fmt::format("{} to {}", dtype_name(in.type), dtype_name(out.type)),
                  "int8 to int8 or int16, uint8 to uint8, int16 to int16, or float32");
    if (in.type == DType::i16) return;
    const double factor = double{softmax_beta(node)} * in.quant.scale() * (1 << 26);
    require(factor >= 1.0 && std::isfinite(factor), ErrorCode::T0205,
            {"", fmt::format("beta {} times the scale {}", softmax_beta(node), in.quant.scale()),
             "at least 2^-26", "quantise the model again"});
}

void export_softmax(TfliteExport& file, const Node& node)
{
    file.write(node, "SOFTMAX", {{tflite_field::softmax::beta, softmax_beta(node)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    require_rank(graph, node, 0, 1, 8);
    const Tensor& in = graph.input(node, 0);
    require_shape(in.count() > 0, "input " + shape_text(in.shape), "at least one element");
    require(
        std::isfinite(softmax_beta(node)) && softmax_beta(node) > 0, ErrorCode::T0202,
        {"", fmt::format("beta {}", softmax_beta(node)), "a positive number",
         "export the model again"});
    Tensor& out = graph.tensor(node.outputs[0]);
    if (in.type == DType::f32) {
        out.type = DType::f32;
    } else {
        check_quantization(graph, node);
    }
    out.shape = in.shape;
}

// ---- oracle ----

// One row of the fixed-point form; `bits` and `least` of the output type.
template <typename T, typename U>
void eval_row(std::span<const T> in, std::span<U> out, reference::Multiplier factor, int bits)
{
    const int64_t diff_min =
        -static_cast<int64_t>(std::floor(31.0 * (1 << 26) / std::ldexp(1.0, factor.shift)));
    const int32_t highest = *std::max_element(in.begin(), in.end());
    const auto power = [&](T q) {
        return reference::exp_negative(reference::multiply(q - highest, factor), 5);
    };
    uint32_t sum = 0;
    for (const T q : in)
        if (q - highest >= diff_min)
            sum += static_cast<uint32_t>(reference::rounding_shift(power(q), 12));
    const reference::Reciprocal reciprocal = reference::reciprocal(static_cast<int32_t>(sum), 12);
    const int64_t least = std::numeric_limits<U>::min();
    for (size_t i = 0; i < in.size(); ++i) {
        int64_t share = 0;
        if (in[i] - highest >= diff_min)
            share = reference::rounding_shift(reference::high_mul(reciprocal.value, power(in[i])),
                                              reciprocal.bits_over_unit + 31 - bits);
        out[i] = static_cast<U>(std::min(share + least, int64_t{std::numeric_limits<U>::max()}));
    }
}

template <typename T, typename U> void eval_fixed_point(EvalContext& c)
{
    const double scale = static_cast<double>(c.input(0).quant.scale());
    const double factor = std::min(static_cast<double>(softmax_beta(c.node)) * scale * (1 << 26),
                                   2147483647.0);
    const auto count = static_cast<size_t>(c.input(0).shape.back());
    for (size_t begin = 0; begin < c.in<T>(0).size(); begin += count)
        eval_row(c.in<T>(0).subspan(begin, count), c.out<U>().subspan(begin, count),
                 reference::quantize_multiplier(factor), static_cast<int>(sizeof(U)) * 8);
}

// A table of 513 values over an input scale and zero point, output scale 2/65535, in float (TFLM)
// or double (TFLite).
template <typename Real>
std::vector<int32_t> reference_table(Real (*function)(Real), Real scale, int zero_point)
{
    const Real lowest = scale * static_cast<Real>(-32768 - zero_point);
    const Real highest = scale * static_cast<Real>(32767 - zero_point);
    const Real step = (highest - lowest) / 512;
    const Real out_scale = static_cast<Real>(2) / 65535;
    const Real per_step = static_cast<Real>(65536) / (out_scale * 32767 - out_scale * -32768);
    std::vector<int32_t> table;
    const auto store = [&](Real value) {
        table.push_back(reference::saturate(static_cast<int64_t>(value), -32768, 32767));
    };
    for (int i = 0; i < 512; ++i) {
        const Real value = function(lowest + static_cast<Real>(i) * step);
        const Real middle = function(lowest + static_cast<Real>(i) * step + step / 2);
        const Real next = function(lowest + static_cast<Real>(i + 1) * step);
        const Real between = std::round((next * per_step + std::round(value * per_step)) / 2);
        const Real bias = std::round((between - std::round(middle * per_step)) / 2);
        store(std::round(value * per_step) - bias);
    }
    store(std::round(function(highest) * per_step));
    return table;
}

struct ReferenceTables {
    std::vector<int32_t> exponential, reciprocal;
};

template <typename Real> ReferenceTables reference_tables()
{
    return {reference_table<Real>([](Real x) { return std::exp(x); }, static_cast<Real>(10) / 65535,
                                  32767),
            reference_table<Real>([](Real x) { return 1 / (1 + x); }, static_cast<Real>(1) / 65535,
                                  -32768)};
}

int32_t look(const std::vector<int32_t>& table, int32_t value)
{
    const auto index = static_cast<size_t>(256 + (value >> 7));
    return table[index] + (((table[index + 1] - table[index]) * (value & 127) + 64) >> 7);
}

void eval_s16(EvalContext& c)
{
    const ReferenceTables tables = c.match == Match::tflm ? reference_tables<float>()
                                                          : reference_tables<double>();
    const double factor = static_cast<double>(c.input(0).quant.scale()) *
                          static_cast<double>(softmax_beta(c.node)) / (10.0 / 65535.0);
    const auto multiplier = reference::quantize_multiplier(factor);
    const auto count = static_cast<size_t>(c.input(0).shape.back());
    for (size_t begin = 0; begin < c.in<int16_t>(0).size(); begin += count) {
        const auto in = c.in<int16_t>(0).subspan(begin, count);
        const auto out = c.out<int16_t>().subspan(begin, count);
        const int32_t highest = *std::max_element(in.begin(), in.end());
        std::vector<int64_t> exponentials;
        int64_t sum = 0;
        for (const int16_t q : in) {
            const int64_t scaled = int64_t{reference::multiply(q - highest, multiplier)} + 32767;
            exponentials.push_back(
                look(tables.exponential, reference::saturate(scaled, -32768, 32767)));
            sum += exponentials.back();
        }
        const int headroom = reference::leading_zeros(static_cast<uint32_t>(sum));
        const int64_t unit = ((sum << (headroom - 1)) + (1 << 13)) >> 14;
        const int64_t reciprocal = look(tables.reciprocal,
                                        reference::saturate(unit - 98304, -32768, 32767));
        const int right = 31 - headroom;
        for (size_t i = 0; i < count; ++i) {
            const int64_t share = (exponentials[i] * reciprocal + (int64_t{1} << (right - 1))) >>
                                  right;
            out[i] = static_cast<int16_t>(reference::saturate(share, 0, 32767));
        }
    }
}

void eval_f32(EvalContext& c)
{
    const auto count = static_cast<size_t>(c.input(0).shape.back());
    for (size_t begin = 0; begin < c.in<float>(0).size(); begin += count) {
        const auto in = c.in<float>(0).subspan(begin, count);
        const auto out = c.out<float>().subspan(begin, count);
        const float highest = *std::max_element(in.begin(), in.end());
        float sum = 0.0f;
        for (size_t i = 0; i < count; ++i) {
            out[i] = std::exp((in[i] - highest) * softmax_beta(c.node));
            sum += out[i];
        }
        for (float& value : out) value /= sum;
    }
}

void eval(EvalContext& c)
{
    switch (c.input(0).type) {
    case DType::i8:
        return c.output().type == DType::i8 ? eval_fixed_point<int8_t, int8_t>(c)
                                            : eval_fixed_point<int8_t, int16_t>(c);
    case DType::u8: return eval_fixed_point<uint8_t, uint8_t>(c);
    case DType::i16: return eval_s16(c);
    default: return eval_f32(c);
    }
}

// ---- lowering ----

// Exponentials of the differences 0, 1, 2 ... that matter, see device/kernels/softmax.h.
struct ExpTables {
    std::vector<int32_t> exps;
    std::vector<uint16_t> tails;
};

ExpTables exp_tables(const LowerContext& c)
{
    const double real = double{softmax_beta(c.node)} * double{c.input(0).quant.scale()} * (1 << 26);
    const Requant requant = requant_of(std::min(real, 2147483647.0));
    const int64_t difference_end = (INT64_C(31 << 26) >> requant.shift) + 1;
    // The output is exponential * reciprocal < exponential, shifted right by 31 - bits at least:
    // below this bound it rounds to zero whatever the sum is.
    const int32_t visible = 1 << (30 - 8 * element_bytes(c.output().type));
    ExpTables tables;
    for (int32_t difference = 0; difference < std::min<int64_t>(256, difference_end);
         ++difference) {
        const int32_t value = fixed::exponential(fixed::scaled(-difference, requant), 5);
        const int64_t in_sum = fixed::divided_by_power(value, 12);
        if (value >= visible) {
            tables.exps.push_back(value);
        } else if (in_sum > 0) {
            tables.tails.push_back(static_cast<uint16_t>(in_sum));
        }
    }
    return tables;
}

void lower_s8(LowerContext& c, int64_t rows, int64_t count)
{
    const ExpTables tables = exp_tables(c);
    const bool wide = c.output().type == DType::i16;
    const auto exp_count = static_cast<int64_t>(tables.exps.size());
    const auto tail_end = exp_count + static_cast<int64_t>(tables.tails.size());
    if (!wide) c.allow_in_place(0);
    const std::string purpose = "exponentials of " + c.node.name;
    c.call(
        "thb_softmax_s8",
        {c.in(0), c.table(tables.exps, purpose, false), c.number(exp_count, "int16_t"),
         tables.tails.empty() ? c.null("const uint16_t*") : c.table(tables.tails, purpose, false),
         c.number(tail_end, "int16_t"), c.out(), c.key(int64_t{wide}),
         c.number(rows, "thb_index_t"), c.number(count, "thb_index_t")});
}

// The tables of the int16 form. Stored on the device, so that no target has to compute them.
template <typename Real, typename Function>
std::vector<int16_t> sampled(Real scale, int zero_point, Function function)
{
    const Real first = scale * (-32768 - zero_point);
    const Real last = scale * (32767 - zero_point);
    const Real width = (last - first) / 512;
    const Real out_scale = Real{2} / 65535;
    const Real steps_per_one = Real{65536} / (out_scale * 32767 + out_scale * 32768);
    std::vector<int16_t> table;
    for (int i = 0; i <= 512; ++i) {
        const Real begin = i == 512 ? last : first + i * width;
        Real sample = std::round(function(begin) * steps_per_one);
        if (i < 512) {
            // Half of the error in the middle of the segment is taken from its begin.
            const Real straight =
                std::round((function(first + (i + 1) * width) * steps_per_one + sample) / 2);
            const Real middle = std::round(function(first + i * width + width / 2) * steps_per_one);
            sample -= std::round((straight - middle) / 2);
        }
        table.push_back(static_cast<int16_t>(std::clamp(sample, Real{-32768}, Real{32767})));
    }
    return table;
}

template <typename Real> std::vector<std::vector<int16_t>> sampled_tables()
{
    return {sampled(Real{10} / 65535, 32767, [](Real x) { return std::exp(x); }),
            sampled(Real{1} / 65535, -32768, [](Real x) { return 1 / (1 + x); })};
}

void lower_s16(LowerContext& c, int64_t rows, int64_t count)
{
    const auto tables = c.options.match == Match::tflm ? sampled_tables<float>()
                                                       : sampled_tables<double>();
    const double scale = double{c.input(0).quant.scale()} * double{softmax_beta(c.node)};
    const Requant requant = requant_of(scale / (10.0 / 65535.0));
    c.allow_in_place(0);
    c.call("thb_softmax_s16",
           {c.in(0), c.table(tables[0], "e^x over [-10, 0]", false),
            c.table(tables[1], "1 / (1 + x) over [0, 1]", false), c.out(),
            c.number(rows, "thb_index_t"), c.number(count, "thb_index_t"),
            c.number(requant.multiplier, "int32_t"), c.number(requant.shift, "int8_t")});
}

void lower(LowerContext& c)
{
    const int64_t count = c.input(0).shape.back();
    const int64_t rows = c.input(0).count() / count;
    if (c.input(0).type == DType::i8) return lower_s8(c, rows, count);
    if (c.input(0).type == DType::i16) return lower_s16(c, rows, count);
    if (c.input(0).type != DType::f32) refuse_uint8(c);
    c.allow_in_place(0);
    c.call("thb_softmax_f32", {c.in(0), c.out(), c.number(rows, "thb_index_t"),
                               c.number(count, "thb_index_t"), c.number(softmax_beta(c.node))});
}

}  // namespace

extern const OpDef op_softmax;
const OpDef op_softmax = {
    .name = "softmax",
    .tflite = {{"SOFTMAX", import_softmax}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .same_attributes = equal_attributes<SoftmaxAttributes>,
    .export_tflite = export_softmax,
    .quantization = [](const Graph& graph, const Node& node) {
        return rule_for_function(graph, node, {1.0f / 256, -128}, {1.0f / 32768, 0});
    }};

}  // namespace thimble
