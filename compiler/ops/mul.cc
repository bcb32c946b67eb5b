// Product with broadcasting: y = act(a * b).
//
// int8, uint8, int16: one multiplication by the factor a_scale * b_scale / out_scale, which TFLM
// computes in double and TFLite in float (docs/numerics.md, "MUL"). int32, int64 and float: plain
// arithmetic.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/by_turn.h"
#include "ops/elements.h"
#include "ops/lookup.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"
#include "ops/window.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

void import_mul(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = int{source.options.i8(tflite_field::mul::fused_activation)};
}

int activation_of(const Node& node)
{
    return std::any_cast<int>(node.attributes);
}

bool is_quantized(DType type)
{
    return type == DType::i8 || type == DType::u8 || type == DType::i16;
}

void export_mul(TfliteExport& file, const Node& node)
{
    file.write(node, "MUL",
               {{tflite_field::mul::fused_activation, static_cast<int8_t>(activation_of(node))}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    const DType type = graph.input(node, 0).type;
    infer_pair(graph, node, type);
    if (type == DType::f32 || type == DType::i32 || type == DType::i64) return;
    if (!is_quantized(type))
        fail_type(std::string(dtype_name(type)), "float32, int8, uint8, int16, int32 or int64");
    require_quantized(graph, node, {0, 1});
    require_output_quantized(graph, node);
    require_per_tensor(graph, node);
}

// ---- oracle ----

template <typename T> void eval_quantized(EvalContext& c)
{
    const Quantization& a = c.input(0).quant;
    const Quantization& b = c.input(1).quant;
    const Quantization& out = c.output().quant;
    const float in_float = a.scale() * b.scale() / out.scale();
    const double in_double = static_cast<double>(a.scale()) * static_cast<double>(b.scale()) /
                             static_cast<double>(out.scale());
    const auto factor = reference::quantize_multiplier(
        c.match == Match::tflm ? in_double : static_cast<double>(in_float));
    const reference::Clamp clamp = reference::quantized_clamp(
        activation_of(c.node), c.output().type, out.scale(), out.zero_point());
    eval_pairs<T, T>(c, [&](T x, T y) {
        const int64_t product = (int64_t{x} - a.zero_point()) * (int64_t{y} - b.zero_point());
        const int64_t scaled = reference::multiply(reference::wrap32(product), factor);
        return reference::saturate(scaled + out.zero_point(), clamp.lowest, clamp.highest);
    });
}

void eval(EvalContext& c)
{
    switch (c.output().type) {
    case DType::i8: return eval_quantized<int8_t>(c);
    case DType::u8: return eval_quantized<uint8_t>(c);
    case DType::i16: return eval_quantized<int16_t>(c);
    default: return eval_plain(c, Binary::mul, activation_of(c.node));
    }
}

// ---- lowering ----

void lower_by_turn(LowerContext& c)
{
    std::vector<Arg> args = pair_args(c);
    args.push_back(c.key(int64_t{c.options.match == Match::tflite}));
    args.push_back(scales_down(c, turns_of(c), [&](size_t turn) {
        return scale_at(c.input(0), turn) * scale_at(c.input(1), turn) / scale_at(c.output(), turn);
    }));
    c.call("thb_mul_turn_s8", joined(std::move(args), pair_scale_args(c)));
}

std::string no_changing_scales(const Graph& graph, const Node& node)
{
    return only_plain_int8(graph, node, {0, 1}, activation_of(node));
}

void lower_quantized(LowerContext& c)
{
    if (changes_by_turn(c.graph, c.node)) return lower_by_turn(c);
    const Quantization& a = c.input(0).quant;
    const Quantization& b = c.input(1).quant;
    const Quantization& out = c.output().quant;
    const Requant factor =
        c.options.match == Match::tflite
            ? requant_of(a.scale() * b.scale() / out.scale())
            : requant_of(double{a.scale()} * double{b.scale()} / double{out.scale()});
    const StoredClamp clamp = stored_clamp(activation_of(c.node), c.output());
    if (c.output().type == DType::i8) {
        for (const size_t one : {size_t{0}, size_t{1}}) {
            if (!c.input(one).is_constant() || c.input(one).count() != 1) continue;
            const int64_t number = c.input(one).integers()[0] - c.input(one).quant.zero_point();
            const int32_t zero_point = c.input(1 - one).quant.zero_point();
            return lower_lookup(
                c,
                [&](int32_t q) {
                    const int64_t scaled = fixed::scaled((q - zero_point) * number, factor);
                    return std::clamp<int64_t>(scaled + out.zero_point(), clamp.lowest,
                                               clamp.highest);
                },
                1 - one);
        }
    }
    const std::vector<int32_t> constants{a.zero_point(), b.zero_point(),   factor.multiplier,
                                         factor.shift,   out.zero_point(), clamp.lowest,
                                         clamp.highest};
    std::vector<Arg> args = pair_args(c);
    args.push_back(type_key(c, c.output().type));
    args.push_back(c.table(constants, "constants of " + c.node.name, false));
    c.call("thb_mul_q", args);
}

void lower(LowerContext& c)
{
    if (is_quantized(c.output().type)) return lower_quantized(c);
    lower_plain(c, Binary::mul, activation_of(c.node));
}

}  // namespace

extern const OpDef op_mul;
const OpDef op_mul = {.name = "mul",
                      .tflite = {{"MUL", import_mul}},
                      .infer = infer,
                      .eval = eval,
                      .lower = lower,
                      .same_attributes = equal_attributes<int>,
                      .no_changing_scales = no_changing_scales,
                      .export_tflite = export_mul,
                      .quantization = rule_for_values};

}  // namespace thimble
