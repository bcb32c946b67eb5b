// y = x for x >= 0, else alpha * x with alpha a tensor that broadcasts, most often one number a
// channel.
//
// int8, uint8, int16 (with int8 alpha): TFLM computes the factors in double, TFLite in float
// (docs/numerics.md, "PRELU").
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    const Tensor& in = graph.input(node, 0);
    const Tensor& alpha = graph.input(node, 1);
    require_plain_type(in.type, {DType::f32, DType::i8, DType::u8, DType::i16});
    const DType expected = in.type == DType::i16 ? DType::i8 : in.type;
    if (alpha.type != expected)
        fail_type(fmt::format("{} with alpha {}", dtype_name(in.type), dtype_name(alpha.type)),
                  fmt::format("alpha {}", dtype_name(expected)));
    Tensor& out = graph.tensor(node.outputs[0]);
    out.shape = broadcast_shape(in.shape, alpha.shape);
    out.type = in.type;
    if (in.type == DType::f32) return;
    require_quantized(graph, node, {0, 1});
    require_output_quantized(graph, node);
    require_per_tensor(graph, node);
}

// ---- oracle ----

template <typename T, typename A> void eval_quantized(EvalContext& c)
{
    const Quantization& from = c.input(0).quant;
    const Quantization& slope = c.input(1).quant;
    const Quantization& to = c.output().quant;
    const bool in_float = c.match == Match::tflite;
    const double s = static_cast<double>(from.scale()), a = static_cast<double>(slope.scale()),
                 o = static_cast<double>(to.scale());
    const auto above = reference::quantize_multiplier(
        in_float ? static_cast<double>(from.scale() / to.scale()) : s / o);
    const auto below = reference::quantize_multiplier(
        in_float ? static_cast<double>(from.scale() * slope.scale() / to.scale()) : s * a / o);
    const reference::Clamp limits = reference::type_limits(c.output().type);
    const auto in = c.in<T>(0);
    const auto alpha = c.in<A>(1);
    const auto out = c.out<T>();
    const std::vector<size_t> at_in = broadcast_indices(c.input(0).shape, c.output().shape);
    const std::vector<size_t> at_alpha = broadcast_indices(c.input(1).shape, c.output().shape);
    for (size_t i = 0; i < out.size(); ++i) {
        const int32_t steps = in[at_in[i]] - from.zero_point();
        const int32_t product = steps * (alpha[at_alpha[i]] - slope.zero_point());
        const int64_t scaled = steps >= 0 ? reference::multiply(steps, above)
                                          : reference::multiply(product, below);
        out[i] = static_cast<T>(
            reference::saturate(scaled + to.zero_point(), limits.lowest, limits.highest));
    }
}

void eval(EvalContext& c)
{
    switch (c.input(0).type) {
    case DType::i8: return eval_quantized<int8_t, int8_t>(c);
    case DType::u8: return eval_quantized<uint8_t, uint8_t>(c);
    case DType::i16: return eval_quantized<int16_t, int8_t>(c);
    default:
        return eval_pairs<float, float>(
            c, [](float x, float alpha) { return x >= 0 ? x : x * alpha; });
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    std::vector<Arg> args{c.in(0), c.in_flash(0), c.in(1), c.in_flash(1), c.out()};
    for (const Arg& arg : pair_walk(c, c.input(0).shape, c.input(1).shape, c.output().shape))
        args.push_back(arg);
    if (c.input(0).count() == c.output().count()) c.allow_in_place(0);
    if (c.input(0).type == DType::f32) return c.call("thb_prelu_f32", args);
    const Quantization& from = c.input(0).quant;
    const Quantization& slope = c.input(1).quant;
    const Quantization& to = c.output().quant;
    const bool in_float = c.options.match == Match::tflite;
    const Requant above = requant_of(in_float ? double{from.scale() / to.scale()}
                                              : double{from.scale()} / double{to.scale()});
    const Requant below =
        requant_of(in_float ? double{from.scale() * slope.scale() / to.scale()}
                            : double{from.scale()} * double{slope.scale()} / double{to.scale()});
    const StoredClamp limits = limits_of(c.output().type);
    const std::vector<int32_t> constants{from.zero_point(), slope.zero_point(), above.multiplier,
                                         above.shift,       below.multiplier,   below.shift,
                                         to.zero_point(),   limits.lowest,      limits.highest};
    args.push_back(type_key(c, c.input(0).type));
    args.push_back(c.table(constants, "constants of " + c.node.name, false));
    c.call("thb_prelu_q", args);
}

}  // namespace

extern const OpDef op_prelu;
const OpDef op_prelu = {.name = "prelu",
                        .tflite = {{"PRELU", import_nothing}},
                        .infer = infer,
                        .eval = eval,
                        .lower = lower,
                        .export_tflite = export_plain,
                        .quantization = rule_for_int8};

}  // namespace thimble
