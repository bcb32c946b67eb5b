// Functions of one element: NEG, SQUARE, SQRT, RSQRT, EXP, LOG, SIN, COS, FLOOR, CEIL, ROUND
// (halves to even), SIGN.
//
// float32: by the C library. int32, int64: NEG, SQUARE and SIGN, wrapping. int8, uint8: tables of
// the real function; RSQRT of TFLM has its own fixed-point rule (docs/numerics.md, "RSQRT").
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/elements.h"
#include "ops/lookup.h"
#include "ops/quantization_rule.h"
#include "ops/real_function.h"
#include "ops/tflite_export.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

enum class Unary { neg, square, sqrt, rsqrt, exp, log, sin, cos, floor, ceil, round, sign };

template <Unary function> void import_unary(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = function;
}

Unary function_of(const Node& node)
{
    return std::any_cast<Unary>(node.attributes);
}

void infer(Graph& graph, Node& node)
{
    const Unary function = function_of(node);
    if (function == Unary::neg || function == Unary::square || function == Unary::sign)
        return infer_quantized_unary(graph, node,
                                     {DType::f32, DType::i8, DType::u8, DType::i32, DType::i64});
    infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8});
}

float real_value(Unary function, float x)
{
    switch (function) {
    case Unary::neg: return -x;
    case Unary::square: return x * x;
    case Unary::sqrt: return std::sqrt(x);
    case Unary::rsqrt: return 1.0f / std::sqrt(x);
    case Unary::exp: return std::exp(x);
    case Unary::log: return std::log(x);
    case Unary::sin: return std::sin(x);
    case Unary::cos: return std::cos(x);
    case Unary::floor: return std::floor(x);
    case Unary::ceil: return std::ceil(x);
    case Unary::round: return x - std::remainder(x, 1.0f);
    case Unary::sign: return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
    }
    return x;
}

RealFunction real_function(Unary function)
{
    return [function](float x) { return real_value(function, x); };
}

// ---- oracle ----

// RSQRT of stored steps above the zero point; a negative number, an error in the reference, gives
// the greatest output as zero does.
int64_t rsqrt_steps(int32_t steps, float in_scale, float out_scale)
{
    if (steps <= 0) return INT32_MAX;
    const float root = std::sqrt(in_scale);
    const auto factor = reference::quantize_multiplier(1.0 / static_cast<double>(root * out_scale));
    const reference::InverseSqrt inverse = reference::inverse_sqrt(steps);
    const int32_t value = reference::multiply(1, {inverse.value, inverse.shift + 20});
    return reference::multiply(value, {factor.value, factor.shift - 20});
}

template <typename T> void eval_rsqrt(EvalContext& c)
{
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const reference::Clamp limits = reference::type_limits(c.output().type);
    for (size_t i = 0; i < c.in<T>(0).size(); ++i) {
        const int64_t steps = rsqrt_steps(c.in<T>(0)[i] - from.zero_point(), from.scale(),
                                          to.scale());
        c.out<T>()[i] = static_cast<T>(
            reference::saturate(steps + to.zero_point(), limits.lowest, limits.highest));
    }
}

template <typename T> void eval_integers(EvalContext& c)
{
    for (size_t i = 0; i < c.in<T>(0).size(); ++i) {
        const T x = c.in<T>(0)[i];
        const auto bits = static_cast<uint64_t>(int64_t{x});
        if (function_of(c.node) == Unary::neg) c.out<T>()[i] = static_cast<T>(0 - bits);
        if (function_of(c.node) == Unary::square) c.out<T>()[i] = static_cast<T>(bits * bits);
        if (function_of(c.node) == Unary::sign) c.out<T>()[i] = static_cast<T>((x > 0) - (x < 0));
    }
}

void eval(EvalContext& c)
{
    const DType type = c.input(0).type;
    if (type == DType::i32) return eval_integers<int32_t>(c);
    if (type == DType::i64) return eval_integers<int64_t>(c);
    if (function_of(c.node) == Unary::rsqrt && type == DType::i8) return eval_rsqrt<int8_t>(c);
    if (function_of(c.node) == Unary::rsqrt && type == DType::u8) return eval_rsqrt<uint8_t>(c);
    eval_real_function(c, real_function(function_of(c.node)));
}

// ---- lowering ----

void lower_rsqrt(LowerContext& c)
{
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const float product = std::sqrt(from.scale()) * to.scale();
    // The reference works on 2^20 / sqrt(v), so that the second factor is 2^20 smaller.
    Requant second = requant_of(1.0 / double{product});
    second.shift = static_cast<int8_t>(second.shift - 20);
    lower_lookup(c, [&](int32_t q) -> int64_t {
        const int32_t steps = q - from.zero_point();
        if (steps <= 0) return INT32_MAX;
        const fixed::Root root = fixed::inverse_root(steps);
        const int32_t value = fixed::scaled(1, {root.value, static_cast<int8_t>(root.shift + 20)});
        return int64_t{fixed::scaled(value, second)} + to.zero_point();
    });
}

void lower(LowerContext& c)
{
    constexpr std::string_view names[] = {"NEG", "SQUARE", "SQRT",  "RSQRT", "EXP",   "LOG",
                                          "SIN", "COS",    "FLOOR", "CEIL",  "ROUND", "SIGN"};
    const Unary function = function_of(c.node);
    const std::string key = "THB_UNARY_" + std::string(names[static_cast<size_t>(function)]);
    const DType type = c.input(0).type;
    if (type == DType::i32 || type == DType::i64) {
        c.allow_in_place(0);
        return c.call(type == DType::i32 ? "thb_unary_s32" : "thb_unary_s64",
                      {c.in(0), c.in_flash(0), c.out(), c.key_text(key),
                       c.number(c.output().count(), "thb_index_t")});
    }
    if (function == Unary::rsqrt && type == DType::i8) return lower_rsqrt(c);
    lower_real_function(c, real_function(function), key);
}

}  // namespace

extern const OpDef op_unary;
const OpDef op_unary = {.name = "unary",
                        .tflite = {{"NEG", import_unary<Unary::neg>},
                                   {"SQUARE", import_unary<Unary::square>},
                                   {"SQRT", import_unary<Unary::sqrt>},
                                   {"RSQRT", import_unary<Unary::rsqrt>},
                                   {"EXP", import_unary<Unary::exp>},
                                   {"LOG", import_unary<Unary::log>},
                                   {"SIN", import_unary<Unary::sin>},
                                   {"COS", import_unary<Unary::cos>},
                                   {"FLOOR", import_unary<Unary::floor>},
                                   {"CEIL", import_unary<Unary::ceil>},
                                   {"ROUND", import_unary<Unary::round>},
                                   {"SIGN", import_unary<Unary::sign>}},
                        .infer = infer,
                        .eval = eval,
                        .lower = lower,
                        .same_attributes = equal_attributes<Unary>,
                        .export_tflite = export_plain,
                        .quantization = rule_for_int8};

}  // namespace thimble
