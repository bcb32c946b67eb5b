// Sum and difference with broadcasting: y = act(a + b), y = act(a - b).
//
// int8, uint8, int16: both operands are brought to a common scale, twice the larger one, with 20
// (int16: 15) more bits, added, and brought to the output's scale. TFLM computes SUB's factors in
// float, TFLite in double (docs/numerics.md, "ADD and SUB"). int32, int64 and float: plain
// arithmetic.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/lookup.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

struct AddAttributes {
    bool subtract = false;
    int activation = 0;
};

void import_add(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = AddAttributes{false, source.options.i8(tflite_field::add::fused_activation)};
}

void import_sub(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = AddAttributes{true, source.options.i8(tflite_field::sub::fused_activation)};
}

const AddAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const AddAttributes&>(node.attributes);
}

bool is_quantized(DType type)
{
    return type == DType::i8 || type == DType::u8 || type == DType::i16;
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

// TFLM's ADD of integers without scales forgets the fused activation.
int plain_activation(const AddAttributes& attributes, DType type, Match match)
{
    const bool forgotten = type != DType::f32 && !attributes.subtract && match == Match::tflm;
    return forgotten ? 0 : attributes.activation;
}

// ---- oracle ----

struct Factors {
    reference::Multiplier a, b, out;
};

Factors factors_of(const EvalContext& c, int left_shift)
{
    const float a = c.input(0).quant.scale(), b = c.input(1).quant.scale(),
                out = c.output().quant.scale();
    if (attributes_of(c.node).subtract && c.match == Match::tflm) {
        const float twice = 2 * std::max(a, b);
        const float below = static_cast<float>(1 << left_shift) * out;
        return {reference::quantize_multiplier(a / twice),
                reference::quantize_multiplier(b / twice),
                reference::quantize_multiplier(twice / below)};
    }
    const double twice = 2.0 * static_cast<double>(std::max(a, b));
    const double below = static_cast<double>(1 << left_shift) * static_cast<double>(out);
    return {reference::quantize_multiplier(static_cast<double>(a) / twice),
            reference::quantize_multiplier(static_cast<double>(b) / twice),
            reference::quantize_multiplier(twice / below)};
}

template <typename T> void eval_quantized(EvalContext& c)
{
    const int left_shift = sizeof(T) == 1 ? 20 : 15;
    const Factors factors = factors_of(c, left_shift);
    const Quantization& a = c.input(0).quant;
    const Quantization& b = c.input(1).quant;
    const Quantization& out = c.output().quant;
    const reference::Clamp clamp = reference::quantized_clamp(
        attributes_of(c.node).activation, c.output().type, out.scale(), out.zero_point());
    const auto term = [&](int64_t steps, reference::Multiplier factor) -> int64_t {
        return reference::multiply(reference::wrap32(steps * (1 << left_shift)), factor);
    };
    eval_pairs<T, T>(c, [&](T x, T y) {
        const int64_t term_a = term(int64_t{x} - a.zero_point(), factors.a);
        const int64_t term_b = term(int64_t{y} - b.zero_point(), factors.b);
        const int64_t sum = attributes_of(c.node).subtract ? term_a - term_b : term_a + term_b;
        const int64_t scaled = reference::multiply(reference::wrap32(sum), factors.out);
        return reference::saturate(scaled + out.zero_point(), clamp.lowest, clamp.highest);
    });
}

void eval(EvalContext& c)
{
    switch (c.output().type) {
    case DType::i8: return eval_quantized<int8_t>(c);
    case DType::u8: return eval_quantized<uint8_t>(c);
    case DType::i16: return eval_quantized<int16_t>(c);
    default: break;
    }
    const AddAttributes& attributes = attributes_of(c.node);
    eval_plain(c, attributes.subtract ? Binary::sub : Binary::add,
               plain_activation(attributes, c.output().type, c.match));
}

// ---- lowering ----

struct AddConstants {
    int left_shift;
    int32_t a_zero, b_zero, out_zero;
    Requant a, b, out;
    StoredClamp clamp;
};

AddConstants constants_of(const LowerContext& c)
{
    const AddAttributes& attributes = attributes_of(c.node);
    const Quantization& a = c.input(0).quant;
    const Quantization& b = c.input(1).quant;
    const Quantization& out = c.output().quant;
    AddConstants constants{c.output().type == DType::i8 ? 20 : 15,
                           a.zero_point(),
                           b.zero_point(),
                           out.zero_point(),
                           {},
                           {},
                           {},
                           stored_clamp(attributes.activation, c.output())};
    const float common = 2.0f * std::max(a.scale(), b.scale());
    const float unit = static_cast<float>(INT32_C(1) << constants.left_shift) * out.scale();
    const bool in_float = attributes.subtract && c.options.match == Match::tflm;
    const auto ratio = [&](float above, float below) {
        return requant_of(in_float ? double{above / below} : double{above} / double{below});
    };
    // Doubling and powers of two are exact in float, so that only the division differs.
    constants.a = ratio(a.scale(), common);
    constants.b = ratio(b.scale(), common);
    constants.out = ratio(common, unit);
    return constants;
}

// The result for one pair, as the kernel computes it.
int64_t result_of(const AddConstants& k, bool subtract, int64_t a, int64_t b)
{
    const int64_t term_a = fixed::scaled((a - k.a_zero) * (INT64_C(1) << k.left_shift), k.a);
    const int64_t term_b = fixed::scaled((b - k.b_zero) * (INT64_C(1) << k.left_shift), k.b);
    const int64_t scaled = fixed::scaled(subtract ? term_a - term_b : term_a + term_b, k.out);
    return std::clamp<int64_t>(scaled + k.out_zero, k.clamp.lowest, k.clamp.highest);
}

void lower_quantized(LowerContext& c)
{
    const AddConstants k = constants_of(c);
    const bool subtract = attributes_of(c.node).subtract;
    if (c.output().type == DType::i8) {
        // With one number for all elements the sum is a function of the other operand alone.
        for (const size_t one : {size_t{0}, size_t{1}}) {
            if (!c.input(one).is_constant() || c.input(one).count() != 1) continue;
            const int64_t number = c.input(one).integers()[0];
            return lower_lookup(
                c,
                [&](int32_t q) {
                    return one == 0 ? result_of(k, subtract, number, q)
                                    : result_of(k, subtract, q, number);
                },
                1 - one);
        }
    }
    const auto halved = [](const Requant& r) {
        return int64_t{r.multiplier == INT32_C(1) << 30 && r.shift == 0};
    };
    const std::vector<int32_t> constants{
        k.a_zero,         k.a.multiplier, -k.a.shift, k.b_zero,       k.b.multiplier, -k.b.shift,
        k.out.multiplier, k.out.shift,    k.out_zero, k.clamp.lowest, k.clamp.highest};
    std::vector<Arg> args = pair_args(c);
    for (const Arg& arg : {type_key(c, c.output().type), c.key(int64_t{subtract}),
                           c.key(int64_t{k.left_shift}), c.key(halved(k.a)), c.key(halved(k.b)),
                           c.table(constants, "constants of " + c.node.name, false)})
        args.push_back(arg);
    c.call("thb_add_q", args);
}

void lower(LowerContext& c)
{
    if (is_quantized(c.output().type)) return lower_quantized(c);
    const AddAttributes& attributes = attributes_of(c.node);
    lower_plain(c, attributes.subtract ? Binary::sub : Binary::add,
                plain_activation(attributes, c.output().type, c.options.match));
}

}  // namespace

const OpDef op_add = {.name = "add",
                      .tflite = {{"ADD", import_add}, {"SUB", import_sub}},
                      .infer = infer,
                      .eval = eval,
                      .lower = lower};

}  // namespace thimble
