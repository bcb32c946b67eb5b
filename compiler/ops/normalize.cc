// Numbers into the range that a network was trained with.
//
//   u = clamp(x / divide, lowest, highest) + add,  y = u / scale
//
// x integer (int8, uint8, int16, int32): the division drops the fraction, as C's does, and u is an
// integer; divide, limits and add are whole. x float32: all in float32, in this order. The output
// is u itself (`whole`), float32, or integers of a scale, clamp(round(y / s) + z), halves away from
// zero, y in float32: what a quantize behind it would give. passes/quantize_normalized makes that
// form, and only where one of the three below is proven equal for every value that u can take.
//
//   offset    q = u + c
//   table     q = table[u - least u]
//   multiply  q = sign(u) * ((|u| * m + 2^(s - 1)) >> s) + z; m and s may differ by channel
//
// The import hook is for text cases: options divide, low, high, add, scale, whole, with the number
// of the channel behind the name where channels differ.
#include "ops/normalize.h"

#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/signal.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace thimble {

namespace {

constexpr double kWholeMax = 1 << 24;  // whole numbers that float32 holds

const NormalizeAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const NormalizeAttributes&>(node.attributes);
}

double at(const std::vector<double>& values, size_t index)
{
    return values[values.size() == 1 ? 0 : index % values.size()];
}

void import_normalize(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = signal_options(source);
    require_inputs(node, 1, 1);
    const auto channels = static_cast<size_t>(last_axis(graph, node, 0));
    const auto values = [&](const std::string& key, double fallback) {
        if (!options.has(key + "0")) return std::vector<double>{options.f64(key, fallback)};
        std::vector<double> list;
        for (size_t i = 0; i < channels; ++i)
            list.push_back(options.f64(fmt::format("{}{}", key, i)));
        return list;
    };
    NormalizeAttributes a;
    a.divide = values("divide", 1);
    a.add = values("add", 0);
    a.scale = values("scale", 1);
    a.lowest = options.f64("low", a.lowest);
    a.highest = options.f64("high", a.highest);
    a.whole = options.boolean("whole", false);
    node.attributes = a;
}

// Of the quotient of an integer type, limited.
struct WholeRange {
    double least, most;
};
WholeRange quotients(const NormalizeAttributes& a, DType type, double divide)
{
    double least = INT32_MIN, most = INT32_MAX;
    if (type == DType::i8) least = INT8_MIN, most = INT8_MAX;
    if (type == DType::u8) least = 0, most = UINT8_MAX;
    if (type == DType::i16) least = INT16_MIN, most = INT16_MAX;
    return {std::clamp(std::trunc(least / divide), a.lowest, a.highest),
            std::clamp(std::trunc(most / divide), a.lowest, a.highest)};
}

// Of u, in all channels.
WholeRange all_sums(const NormalizeAttributes& a, DType type)
{
    WholeRange all = {INFINITY, -INFINITY};
    for (size_t i = 0; i < std::max(a.divide.size(), a.add.size()); ++i) {
        const WholeRange one = quotients(a, type, at(a.divide, i));
        all.least = std::min(all.least, one.least + at(a.add, i));
        all.most = std::max(all.most, one.most + at(a.add, i));
    }
    return all;
}

DType type_for(WholeRange range)
{
    if (range.least >= INT8_MIN && range.most <= INT8_MAX) return DType::i8;
    return range.least >= INT16_MIN && range.most <= INT16_MAX ? DType::i16 : DType::i32;
}

bool is_whole(double value)
{
    return std::trunc(value) == value && std::fabs(value) <= kWholeMax;
}

void check_values(const Graph& graph, const Node& node)
{
    const NormalizeAttributes& a = attributes_of(node);
    const Tensor& in = graph.input(node, 0);
    const bool integer = in.type != DType::f32;
    const auto fits = [&](const std::vector<double>& list) {
        return list.size() == 1 ||
               (!in.shape.empty() && static_cast<int64_t>(list.size()) == in.shape.back());
    };
    require_shape(fits(a.divide) && fits(a.add) && fits(a.scale),
                  fmt::format("{} divisors, {} offsets, {} scales for {}", a.divide.size(),
                              a.add.size(), a.scale.size(), shape_text(in.shape)),
                  "one, or one for each channel");
    const auto all = [](const std::vector<double>& list, auto test) {
        return std::ranges::all_of(list, test);
    };
    const auto usable = [&](double value) {
        return std::isfinite(value) && (!integer || is_whole(value));
    };
    const auto limit = [&](double value) { return std::isinf(value) || usable(value); };
    const bool right = all(a.divide, [&](double v) { return usable(v) && v > 0; }) &&
                       all(a.add, usable) &&
                       all(a.scale, [](double v) { return std::isfinite(v) && v > 0; }) &&
                       limit(a.lowest) && limit(a.highest) && a.lowest <= a.highest;
    require(right, ErrorCode::T0202,
            {"", "a divisor, limit, offset or scale of no use",
             integer ? "whole numbers up to 2^24, positive divisors and scales"
                     : "finite numbers, positive divisors and scales",
             "correct the numbers"});
    if (!integer) {
        if (a.whole) fail_type("whole results of float32", "integers");
        return;
    }
    const WholeRange sums = all_sums(a, in.type);
    require(sums.least >= INT32_MIN && sums.most <= INT32_MAX, ErrorCode::T0202,
            {"", fmt::format("sums from {} to {}", sums.least, sums.most), "sums of 32 bits",
             "clamp = [-1000000, 1000000]"});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& in = graph.input(node, 0);
    Tensor& out = graph.tensor(node.outputs[0]);
    require_plain_type(in.type, {DType::i8, DType::u8, DType::i16, DType::i32, DType::f32});
    require_shape(in.count() > 0, "input " + shape_text(in.shape), "at least one element");
    check_values(graph, node);
    out.shape = in.shape;
    if (attributes_of(node).whole) {
        out.type = type_for(all_sums(attributes_of(node), in.type));
        out.quant = {};
        return;
    }
    require_plain_type(out.type, {DType::f32, DType::i8, DType::u8, DType::i16});
    if (out.type == DType::f32) return;
    require_output_quantized(graph, node);
    require_per_tensor(graph, node);
    if (!normalizes_in_integers(graph, node, out))
        fail_type(fmt::format("{} to {}", dtype_name(in.type), dtype_name(out.type)), "float32");
}

// ---- oracle ----

float normalized(const NormalizeAttributes& a, size_t i, double x, bool integer)
{
    if (integer) {
        const double whole = std::trunc(x / at(a.divide, i));
        const double u = std::clamp(whole, a.lowest, a.highest) + at(a.add, i);
        return static_cast<float>(u) / static_cast<float>(at(a.scale, i));
    }
    float t = static_cast<float>(x) / static_cast<float>(at(a.divide, i));
    if (t < static_cast<float>(a.lowest)) t = static_cast<float>(a.lowest);
    if (t > static_cast<float>(a.highest)) t = static_cast<float>(a.highest);
    return (t + static_cast<float>(at(a.add, i))) / static_cast<float>(at(a.scale, i));
}

void store(EvalContext& c, size_t i, int32_t value)
{
    if (c.output().type == DType::i8) c.out<int8_t>()[i] = static_cast<int8_t>(value);
    if (c.output().type == DType::u8) c.out<uint8_t>()[i] = static_cast<uint8_t>(value);
    if (c.output().type == DType::i16) c.out<int16_t>()[i] = static_cast<int16_t>(value);
    if (c.output().type == DType::i32) c.out<int32_t>()[i] = value;
}

void eval(EvalContext& c)
{
    const NormalizeAttributes& a = attributes_of(c.node);
    const std::vector<double> in = c.raw(0);
    const DType type = c.output().type;
    if (a.whole) {
        for (size_t i = 0; i < in.size(); ++i) {
            const double quotient = std::trunc(in[i] / at(a.divide, i));
            store(c, i, static_cast<int32_t>(std::clamp(quotient, a.lowest, a.highest) +
                                             at(a.add, i)));
        }
        return;
    }
    const reference::Clamp limits =
        type == DType::f32 ? reference::Clamp{} : reference::type_limits(type);
    for (size_t i = 0; i < in.size(); ++i) {
        const float y = normalized(a, i, in[i], c.input(0).type != DType::f32);
        if (type == DType::f32) {
            c.out<float>()[i] = y;
            continue;
        }
        const double steps = reference::round_half_away(y / c.output().quant.scale());
        const auto q = static_cast<int32_t>(std::clamp<double>(
            steps + c.output().quant.zero_point(), limits.lowest, limits.highest));
        store(c, i, q);
    }
}

// ---- lowering ----

constexpr int64_t kValuesMax = 1 << 17;   // of u, all of which are tried
constexpr int64_t kTableBytesMax = 512;

// Integers that stand for u of [least, least + q.size()).
struct IntegerForm {
    int64_t least = 0;
    std::vector<int32_t> q;
};

size_t channels_of(const NormalizeAttributes& a)
{
    return std::max({a.divide.size(), a.add.size(), a.scale.size()});
}

// Nothing when there are too many values.
std::optional<IntegerForm> integer_form(const NormalizeAttributes& a, const Tensor& in,
                                        const Tensor& out, size_t channel = 0)
{
    if (in.type == DType::f32) return {};
    const auto [least, most] = quotients(a, in.type, at(a.divide, channel));
    if (most - least >= double{kValuesMax}) return {};
    IntegerForm form{static_cast<int64_t>(least + at(a.add, channel)), {}};
    const StoredClamp limits = limits_of(out.type);
    const auto scale = static_cast<float>(at(a.scale, channel));
    for (int64_t i = 0; i <= static_cast<int64_t>(most - least); ++i) {
        const float y = static_cast<float>(form.least + i) / scale;
        const auto steps = static_cast<double>(std::round(y / out.quant.scale()));
        form.q.push_back(static_cast<int32_t>(std::clamp(
            steps + out.quant.zero_point(), double(limits.lowest), double(limits.highest))));
    }
    return form;
}

// c of q = u + c, if it is that for all of them.
std::optional<int64_t> offset_of(const IntegerForm& form)
{
    const int64_t offset = form.q[0] - form.least;
    for (size_t i = 0; i < form.q.size(); ++i)
        if (form.least + static_cast<int64_t>(i) + offset != form.q[i]) return {};
    return offset;
}

struct Factor {
    uint32_t multiplier;
    int shift;
    bool wide;  // the product needs 64 bits
};

// The most exact factor that neither overflows 32 bits (64 if `wide`) nor misses a value.
std::optional<Factor> factor_of(const IntegerForm& form, double real, int32_t zero,
                                StoredClamp limits, bool wide)
{
    const int64_t last = form.least + static_cast<int64_t>(form.q.size()) - 1;
    const auto greatest = static_cast<uint64_t>(std::max(std::abs(form.least), std::abs(last)));
    for (int shift = 31; shift >= 1; --shift) {
        const double wanted = std::round(std::ldexp(real, shift));
        if (wanted < 1 || wanted > 4294967295.0) continue;
        const auto multiplier = static_cast<uint64_t>(wanted);
        const uint64_t half = uint64_t{1} << (shift - 1);
        if (!wide && greatest != 0 && multiplier > (0xFFFFFFFFu - half) / greatest) continue;
        bool equal = true;
        for (size_t i = 0; equal && i < form.q.size(); ++i) {
            const int64_t u = form.least + static_cast<int64_t>(i);
            const uint64_t product = static_cast<uint64_t>(std::abs(u)) * multiplier;
            const auto size = static_cast<int64_t>((product + half) >> shift);
            const int64_t q = std::clamp<int64_t>((u < 0 ? -size : size) + zero, limits.lowest,
                                                  limits.highest);
            equal = q == form.q[i];
        }
        if (equal) return Factor{static_cast<uint32_t>(multiplier), shift, wide};
    }
    return {};
}

std::optional<Factor> factor_of(const IntegerForm& form, const NormalizeAttributes& a,
                                const Tensor& out, size_t channel = 0)
{
    const double real = 1.0 / (at(a.scale, channel) * double{out.quant.scale()});
    const StoredClamp limits = limits_of(out.type);
    const auto narrow = factor_of(form, real, out.quant.zero_point(), limits, false);
    return narrow ? narrow : factor_of(form, real, out.quant.zero_point(), limits, true);
}

std::vector<float> floats(const std::vector<double>& values, size_t channels)
{
    std::vector<float> list;
    for (size_t i = 0; i < channels; ++i) list.push_back(static_cast<float>(at(values, i)));
    return list;
}

std::vector<int32_t> wholes(const std::vector<double>& values, size_t channels)
{
    std::vector<int32_t> list;
    for (size_t i = 0; i < channels; ++i) list.push_back(static_cast<int32_t>(at(values, i)));
    return list;
}

int64_t whole_limit(double value)
{
    return static_cast<int64_t>(std::clamp(value, double{INT32_MIN}, double{INT32_MAX}));
}

// One for each channel; nothing when one of them has none.
std::optional<std::vector<Factor>> channel_factors(const NormalizeAttributes& a, const Tensor& in,
                                                   const Tensor& out)
{
    std::vector<Factor> factors;
    for (size_t channel = 0; channel < channels_of(a); ++channel) {
        const std::optional<IntegerForm> form = integer_form(a, in, out, channel);
        const std::optional<Factor> factor =
            form ? factor_of(*form, a, out, channel) : std::nullopt;
        if (!factor) return {};
        factors.push_back(*factor);
    }
    return factors;
}

void lower_channels(LowerContext& c)
{
    const NormalizeAttributes& a = attributes_of(c.node);
    const Tensor& in = c.input(0);
    const Tensor& out = c.output();
    const auto factors = channel_factors(a, in, out);
    THIMBLE_CHECK(factors.has_value(), "infer let a normalize without factors pass");
    const size_t channels = factors->size();
    bool wide = false;
    std::vector<uint32_t> multipliers;
    std::vector<int8_t> shifts;
    for (const Factor& factor : *factors) {
        wide = wide || factor.wide;
        multipliers.push_back(factor.multiplier);
        shifts.push_back(static_cast<int8_t>(factor.shift));
    }
    const StoredClamp limits = limits_of(out.type);
    const auto table = [&](const auto& values, const char* what) {
        return c.table(values, fmt::format("{} of {}", what, c.node.name), false);
    };
    if (element_bytes(in.type) >= element_bytes(out.type)) c.allow_in_place(0);
    c.call("thb_normalize_multiply_channels",
           {c.in(0), c.in_flash(0), type_key(c, in.type), c.out(), type_key(c, out.type),
            c.number(out.count(), "thb_index_t"),
            c.number(static_cast<int64_t>(channels), "thb_index_t"),
            table(wholes(a.divide, channels), "divisors"),
            c.number(whole_limit(a.lowest), "int32_t"), c.number(whole_limit(a.highest), "int32_t"),
            c.key(static_cast<int64_t>(wide)), table(wholes(a.add, channels), "offsets"),
            table(multipliers, "factors"), table(shifts, "shifts"),
            c.number(out.quant.zero_point(), "int32_t"), c.number(limits.lowest, "int32_t"),
            c.number(limits.highest, "int32_t")});
}

void lower_integers(LowerContext& c)
{
    const NormalizeAttributes& a = attributes_of(c.node);
    if (channels_of(a) > 1) return lower_channels(c);
    const Tensor& in = c.input(0);
    const Tensor& out = c.output();
    const std::optional<IntegerForm> form = integer_form(a, in, out);
    THIMBLE_CHECK(form.has_value(), "infer let a normalize without integer form pass");
    const auto add = static_cast<int64_t>(a.add[0]);
    const int64_t least = form->least - add;
    const int64_t most = least + static_cast<int64_t>(form->q.size()) - 1;
    if (element_bytes(in.type) >= element_bytes(out.type)) c.allow_in_place(0);
    std::vector<Arg> args = {c.in(0), c.in_flash(0), type_key(c, in.type), c.out(),
                             type_key(c, out.type), c.number(out.count(), "thb_index_t"),
                             c.key(static_cast<int64_t>(a.divide[0])), c.number(least, "int32_t"),
                             c.number(most, "int32_t")};
    const auto call = [&](const char* kernel, std::initializer_list<Arg> more) {
        args.insert(args.end(), more);
        c.call(kernel, args);
    };
    if (const std::optional<int64_t> offset = offset_of(*form))
        return call("thb_normalize_offset", {c.number(*offset + add, "int32_t")});
    const auto size = static_cast<int64_t>(form->q.size());
    if (size * element_bytes(out.type) <= kTableBytesMax && out.type == DType::i8)
        return call("thb_normalize_table",
                    {c.table(std::vector<int8_t>(form->q.begin(), form->q.end()),
                             "results of " + c.node.name, false)});
    const StoredClamp limits = limits_of(out.type);
    const std::optional<Factor> factor = factor_of(*form, a, out);
    THIMBLE_CHECK(factor.has_value(), "infer let a normalize without a factor pass");
    call("thb_normalize_multiply",
         {c.key(static_cast<int64_t>(factor->wide)), c.number(add, "int32_t"),
          c.number(int64_t{factor->multiplier}, "uint32_t"),
          c.number(factor->shift, "int8_t"), c.number(out.quant.zero_point(), "int32_t"),
          c.number(limits.lowest, "int32_t"), c.number(limits.highest, "int32_t")});
}

void lower_whole(LowerContext& c)
{
    const NormalizeAttributes& a = attributes_of(c.node);
    const Tensor& in = c.input(0);
    const Tensor& out = c.output();
    const size_t channels = std::max(a.divide.size(), a.add.size());
    if (element_bytes(in.type) >= element_bytes(out.type)) c.allow_in_place(0);
    std::vector<Arg> args = {c.in(0), c.in_flash(0), type_key(c, in.type), c.out(),
                             type_key(c, out.type), c.number(out.count(), "thb_index_t")};
    const Arg lowest = c.number(whole_limit(a.lowest), "int32_t");
    const Arg highest = c.number(whole_limit(a.highest), "int32_t");
    if (channels == 1) {
        args.insert(args.end(), {c.key(static_cast<int64_t>(a.divide[0])), lowest, highest,
                                 c.number(static_cast<int64_t>(a.add[0]), "int32_t")});
        return c.call("thb_normalize_offset", args);
    }
    args.insert(args.end(),
                {c.number(static_cast<int64_t>(channels), "thb_index_t"),
                 c.table(wholes(a.divide, channels), "divisors of " + c.node.name, false), lowest,
                 highest, c.table(wholes(a.add, channels), "offsets of " + c.node.name, false)});
    c.call("thb_normalize_whole", args);
}

void lower(LowerContext& c)
{
    const NormalizeAttributes& a = attributes_of(c.node);
    const Tensor& in = c.input(0);
    if (a.whole) return lower_whole(c);
    if (c.output().type != DType::f32) return lower_integers(c);
    const size_t channels = channels_of(a);
    const Arg add = c.table(floats(a.add, channels), "offsets of " + c.node.name, false);
    const Arg scale = c.table(floats(a.scale, channels), "scales of " + c.node.name, false);
    const Arg count = c.number(in.count(), "thb_index_t");
    const Arg width = c.number(static_cast<int64_t>(channels), "thb_index_t");
    if (in.type == DType::f32) {
        c.allow_in_place(0);
        return c.call("thb_normalize_f32",
                      {c.in(0), c.in_flash(0), c.out(), count, width,
                       c.table(floats(a.divide, channels), "divisors of " + c.node.name, false),
                       c.number(static_cast<float>(a.lowest)),
                       c.number(static_cast<float>(a.highest)), add, scale});
    }
    if (in.type == DType::i32) c.allow_in_place(0);
    c.call("thb_normalize_real",
           {c.in(0), c.in_flash(0), type_key(c, in.type), c.out(), count, width,
            c.table(wholes(a.divide, channels), "divisors of " + c.node.name, false),
            c.number(whole_limit(a.lowest), "int32_t"),
            c.number(whole_limit(a.highest), "int32_t"), add, scale});
}

}  // namespace

bool normalizes_in_integers(const Graph& graph, const Node& node, const Tensor& out)
{
    const bool known = out.type == DType::i8 || out.type == DType::u8 || out.type == DType::i16;
    if (!known || !out.quant.present() || out.quant.per_channel()) return false;
    const NormalizeAttributes& a = attributes_of(node);
    if (channels_of(a) > 1)
        return !a.whole && channel_factors(a, graph.input(node, 0), out).has_value();
    const std::optional<IntegerForm> form = integer_form(a, graph.input(node, 0), out);
    if (!form || a.whole) return false;
    const auto bytes = static_cast<int64_t>(form->q.size());
    return offset_of(*form) || (out.type == DType::i8 && bytes <= kTableBytesMax) ||
           factor_of(*form, a, out);
}

extern const OpDef op_normalize;
const OpDef op_normalize = {.name = "normalize",
                            .tflite = {{"CUSTOM:ThimbleNormalize", import_normalize}},
                            .infer = infer,
                            .eval = eval,
                            .lower = lower,
                            .same_attributes = equal_attributes<NormalizeAttributes>};

}  // namespace thimble
