// Quotient with broadcasting: y = act(a / b).
//
// int8, uint8: the reciprocal of b by Newton's method, two roundings (docs/numerics.md, "DIV").
// int32 rounds toward zero. A division of integers by zero, undefined in the reference, gives 0.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void import_div(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = int{source.options.i8(tflite_field::div::fused_activation)};
}

int activation_of(const Node& node)
{
    return std::any_cast<int>(node.attributes);
}

float real_factor(const Graph& graph, const Node& node)
{
    return graph.input(node, 0).quant.scale() /
           (graph.input(node, 1).quant.scale() * graph.output(node, 0).quant.scale());
}

void export_div(TfliteExport& file, const Node& node)
{
    file.write(node, "DIV",
               {{tflite_field::div::fused_activation, static_cast<int8_t>(activation_of(node))}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    const DType type = graph.input(node, 0).type;
    require_plain_type(type, {DType::f32, DType::i8, DType::u8, DType::i32});
    infer_pair(graph, node, type);
    if (type == DType::f32 || type == DType::i32) return;
    require_quantized(graph, node, {0, 1});
    require_output_quantized(graph, node);
    require_per_tensor(graph, node);
    // Beyond this the reference would shift by a negative number of bits.
    const float factor = real_factor(graph, node);
    require(factor < (1 << 22), ErrorCode::T0205,
            {"", fmt::format("a factor of {} between the scales", factor), "less than 2^22",
             "quantise the model again"});
}

// ---- oracle ----

int64_t quotient(int32_t x, int32_t y, reference::Multiplier factor)
{
    if (y == 0 || x == 0) return 0;
    if (y < 0) {
        x = -x;
        y = -y;
    }
    const reference::Reciprocal reciprocal = reference::reciprocal(y, 31);
    const int headroom = reference::leading_zeros(static_cast<uint32_t>(x < 0 ? ~x : x)) - 1;
    const int32_t unscaled = reference::high_mul(x * (1 << headroom), reciprocal.value);
    return reference::rounding_shift(reference::high_mul(unscaled, factor.value),
                                     reciprocal.bits_over_unit + headroom - factor.shift);
}

template <typename T> void eval_quantized(EvalContext& c)
{
    const Quantization& out = c.output().quant;
    const auto factor =
        reference::quantize_multiplier(static_cast<double>(real_factor(c.graph, c.node)));
    const auto clamp = reference::quantized_clamp(activation_of(c.node), c.output().type,
                                                  out.scale(), out.zero_point());
    eval_pairs<T, T>(c, [&](T a, T b) {
        const int64_t scaled = quotient(a - c.input(0).quant.zero_point(),
                                        b - c.input(1).quant.zero_point(), factor);
        return reference::saturate(scaled + out.zero_point(), clamp.lowest, clamp.highest);
    });
}

void eval(EvalContext& c)
{
    switch (c.output().type) {
    case DType::i8: return eval_quantized<int8_t>(c);
    case DType::u8: return eval_quantized<uint8_t>(c);
    default: return eval_plain(c, Binary::div, activation_of(c.node));
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    if (c.output().type != DType::i8) return lower_plain(c, Binary::div, activation_of(c.node));
    const Quantization& out = c.output().quant;
    const Requant factor = requant_of(real_factor(c.graph, c.node));
    const StoredClamp clamp = stored_clamp(activation_of(c.node), c.output());
    std::vector<Arg> args = pair_args(c);
    for (const Arg& arg : {c.number(c.input(0).quant.zero_point(), "int16_t"),
                           c.number(c.input(1).quant.zero_point(), "int16_t"),
                           c.number(factor.multiplier, "int32_t"), c.number(factor.shift, "int8_t"),
                           c.number(out.zero_point(), "int16_t"), c.number(clamp.lowest, "int16_t"),
                           c.number(clamp.highest, "int16_t")})
        args.push_back(arg);
    c.call("thb_div_s8", args);
}

}  // namespace

extern const OpDef op_div;
const OpDef op_div = {.name = "div",
                      .tflite = {{"DIV", import_div}},
                      .infer = infer,
                      .eval = eval,
                      .lower = lower,
                      .same_attributes = equal_attributes<int>,
                      .export_tflite = export_div,
                      .quantization = rule_for_int8};

}  // namespace thimble
