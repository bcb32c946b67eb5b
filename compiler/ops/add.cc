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
#include "ops/by_turn.h"
#include "ops/elements.h"
#include "ops/lookup.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"
#include "ops/window.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace thimble {

namespace {

struct AddAttributes {
    bool subtract = false;
    int activation = 0;
    bool operator==(const AddAttributes&) const = default;
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

void export_add(TfliteExport& file, const Node& node)
{
    const AddAttributes& a = attributes_of(node);
    file.write(node, a.subtract ? "SUB" : "ADD",
               {{tflite_field::add::fused_activation, static_cast<int8_t>(a.activation)}});
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

// out = (a_factor * a + b_factor * b + offset) >> shift, clamped: the whole addition on stored
// numbers.
struct LinearForm {
    int32_t a_factor, b_factor, offset;
    int shift;
};

// The offsets for which the linear form gives `results` for all pairs of int8: first > last, none.
struct OffsetRange {
    int64_t first, last;
};

OffsetRange offsets_for(const std::vector<int16_t>& results, int64_t a, int64_t b, int shift,
                        StoredClamp clamp)
{
    OffsetRange range{-(INT64_C(1) << 40), INT64_C(1) << 40};
    size_t pair = 0;
    for (int64_t x = -128; x <= 127 && range.first <= range.last; ++x) {
        for (int64_t y = -128; y <= 127; ++y) {
            const int64_t result = results[pair++];
            const int64_t least = result * (INT64_C(1) << shift) - a * x - b * y;
            if (result > clamp.lowest) range.first = std::max(range.first, least);
            if (result < clamp.highest)
                range.last = std::min(range.last, least + (INT64_C(1) << shift) - 1);
        }
    }
    return range;
}

// Factors near the real ratios for which one offset serves all 65,536 pairs, so that the cheap form
// is proven equal to the reference's three multiplications and five roundings. Most layers have
// one: the roundings together move the exact sum by some 4e-6 steps only.
std::optional<LinearForm> linear_form(const LowerContext& c, const AddConstants& k, bool subtract)
{
    std::vector<int16_t> results;
    for (int64_t x = -128; x <= 127; ++x)
        for (int64_t y = -128; y <= 127; ++y)
            results.push_back(static_cast<int16_t>(result_of(k, subtract, x, y)));
    const double a = double{c.input(0).quant.scale()} / double{c.output().quant.scale()};
    const double b = double{c.input(1).quant.scale()} / double{c.output().quant.scale()};
    // The sum of all terms, offset included, must fit 32 bits; the kernel shifts by 16 at least.
    const double reach = 256 * (a + b) + 256;
    const int shift = 31 - static_cast<int>(std::ceil(std::log2(reach)));
    if (shift < 16) return std::nullopt;
    const auto a_near = static_cast<int64_t>(std::round(std::ldexp(a, shift)));
    const auto b_near = static_cast<int64_t>(std::round(std::ldexp(subtract ? -b : b, shift)));
    for (int64_t distance = 0; distance <= 6; ++distance) {
        for (int64_t da = -distance; da <= distance; ++da) {
            for (int64_t db = -distance; db <= distance; ++db) {
                if (std::max(std::abs(da), std::abs(db)) != distance) continue;
                const OffsetRange range = offsets_for(results, a_near + da, b_near + db, shift,
                                                      k.clamp);
                const int64_t offset = range.first + (range.last - range.first) / 2;
                const int64_t most = 128 * (std::abs(a_near + da) + std::abs(b_near + db)) +
                                     std::abs(offset);
                if (range.first > range.last || most > INT32_MAX) continue;
                return LinearForm{static_cast<int32_t>(a_near + da),
                                  static_cast<int32_t>(b_near + db), static_cast<int32_t>(offset),
                                  shift};
            }
        }
    }
    return std::nullopt;
}

void call_linear(LowerContext& c, const LinearForm& form, StoredClamp clamp)
{
    std::vector<Arg> args = pair_args(c);
    for (const Arg& arg : {c.number(form.a_factor, "int32_t"), c.number(form.b_factor, "int32_t"),
                           c.number(form.offset, "int32_t"), c.key(int64_t{form.shift}),
                           c.number(clamp.lowest, "int16_t"), c.number(clamp.highest, "int16_t")})
        args.push_back(arg);
    c.call("thb_add_linear_s8", args);
}

void call_portable(LowerContext& c, const AddConstants& k, bool subtract)
{
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

void lower_s8(LowerContext& c, const AddConstants& k, bool subtract)
{
    // With one number for all elements the sum is a function of the other operand alone.
    for (const size_t one : {size_t{0}, size_t{1}}) {
        if (!c.input(one).is_constant() || c.input(one).count() != 1) continue;
        const int64_t number = c.input(one).integers()[0];
        const auto result = [&](int32_t q) {
            return one == 0 ? result_of(k, subtract, number, q) : result_of(k, subtract, q, number);
        };
        return lower_lookup(c, result, 1 - one);
    }
    const std::optional<LinearForm> linear = linear_form(c, k, subtract);
    const auto count = static_cast<double>(c.output().count());
    std::vector<Variant> variants{
        {"portable", "", 60 * count, [&] { call_portable(c, k, subtract); }}};
    if (linear)
        variants.push_back({"linear", "", 12 * count, [&] { call_linear(c, *linear, k.clamp); }});
    c.choose(std::move(variants));
}

void lower_by_turn(LowerContext& c)
{
    const bool subtract = attributes_of(c.node).subtract;
    const bool in_float = subtract && c.options.match == Match::tflm;
    std::vector<Arg> args = pair_args(c);
    args.push_back(c.key(int64_t{subtract}));
    args.push_back(c.key(int64_t{in_float}));
    args.push_back(scales_down(c, turns_of(c), [&](size_t turn) {
        const double larger = std::max(scale_at(c.input(0), turn), scale_at(c.input(1), turn));
        return 2 * larger / (scale_at(c.output(), turn) * 0x1p20);
    }));
    c.call("thb_add_turn_s8", joined(std::move(args), pair_scale_args(c)));
}

void lower_quantized(LowerContext& c)
{
    if (changes_by_turn(c.graph, c.node)) return lower_by_turn(c);
    const AddConstants k = constants_of(c);
    const bool subtract = attributes_of(c.node).subtract;
    if (c.output().type == DType::i8) return lower_s8(c, k, subtract);
    call_portable(c, k, subtract);
}

std::string no_changing_scales(const Graph& graph, const Node& node)
{
    return only_plain_int8(graph, node, {0, 1}, attributes_of(node).activation);
}

void lower(LowerContext& c)
{
    if (is_quantized(c.output().type)) return lower_quantized(c);
    const AddAttributes& attributes = attributes_of(c.node);
    lower_plain(c, attributes.subtract ? Binary::sub : Binary::add,
                plain_activation(attributes, c.output().type, c.options.match));
}

}  // namespace

extern const OpDef op_add;
const OpDef op_add = {.name = "add",
                      .tflite = {{"ADD", import_add}, {"SUB", import_sub}},
                      .infer = infer,
                      .eval = eval,
                      .lower = lower,
                      .same_attributes = equal_attributes<AddAttributes>,
                      .no_changing_scales = no_changing_scales,
                      .export_tflite = export_add,
                      .quantization = rule_for_values};

}  // namespace thimble
