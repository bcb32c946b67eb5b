// Lowering of the integer LSTM: zero points folded, tables packed, the portable kernels.
//
// The gates' two parts are requantised apart and saturate apart (docs/numerics.md, "Recurrent
// layers"), so they stay two sums. Products with powers of two become rounding shifts
// (device/kernels/lstm_integer.h).
#include "ops/lstm/lower_integer.h"

#include "numeric/sigmoid_table.h"
#include "ops/fast_variants.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace thimble {

namespace {

constexpr double kGateStep = 0x1p-12;       // of a gate's argument
constexpr int64_t kFar = int64_t{1} << 60;  // biases beyond it have no proof anyway
constexpr double kUnitStep = 0x1p-15;       // of a gate's value

// n when value is 2^-n.
std::optional<int> negative_power(double value)
{
    int exponent = 0;
    if (std::frexp(value, &exponent) != 0.5) return std::nullopt;
    return 1 - exponent;
}

LstmSum sum_of(const LowerContext& c, size_t in, size_t weights, size_t bias)
{
    const Tensor& from = c.input(in);
    const Tensor& by = c.input(weights);
    const bool wide = from.type == DType::i16;
    LstmSum sum;
    const auto values = by.values<int8_t>();
    sum.weights.assign(values.begin(), values.end());
    sum.count = by.shape.at(1);
    // The reference multiplies the two scales in float.
    const double factor = double{from.quant.scale() * by.quant.scale()} / kGateStep;
    sum.requant = wide ? requant64_of(factor) : requant_of(factor);
    const int64_t units = by.shape.at(0);
    sum.bias.assign(static_cast<size_t>(units), 0);
    if (bias != 0 && c.has_input(bias)) sum.bias = c.input(bias).integers();
    const StoredClamp in_range = limits_of(from.type);
    for (int64_t u = 0; u < units; ++u) {
        int64_t& start = sum.bias[static_cast<size_t>(u)];
        AccRange range = {0, 0};
        int64_t weight_sum = 0;
        for (int64_t k = 0; k < sum.count; ++k) {
            const int64_t w = sum.weight(u, k);
            weight_sum += w;
            range.least += std::min(w * in_range.lowest, w * in_range.highest);
            range.most += std::max(w * in_range.lowest, w * in_range.highest);
        }
        sum.products_most = std::max({sum.products_most, -range.least, range.most});
        start -= from.quant.zero_point() * weight_sum;
        const int64_t near = std::clamp(start, -kFar, kFar);
        range = {range.least + near, range.most + near};
        if (u == 0) sum.range = range;
        sum.range = {std::min(sum.range.least, range.least), std::max(sum.range.most, range.most)};
    }
    return sum;
}

void set_cell(const LowerContext& c, IntegerLstm& lstm)
{
    const double scale = c.input(lstm_input::cell).quant.scale();
    const std::optional<int> exact_power = negative_power(scale);
    // Of another scale the reference takes the nearest power for tanh, but the scale itself for
    // input * candidate.
    const int power = exact_power.value_or(static_cast<int>(std::lround(-std::log2(scale))));
    THIMBLE_CHECK(power <= 29 && power >= -2, "the cell's scale is out of range");
    if (exact_power)
        lstm.cell_bits = 30 - power;
    else
        lstm.cell = requant_of(kUnitStep * kUnitStep / scale);
    lstm.tanh_multiplier = power <= 12 ? 3 << (12 - power) : 3;
    lstm.tanh_shift = std::max(power - 12, 0);
    lstm.lowest = INT16_MIN;
    lstm.highest = INT16_MAX;
    const double clip = lstm_attributes(c.node).cell_clip;
    if (clip > 0) {
        lstm.highest = static_cast<int32_t>(std::clamp(clip / scale, -32768.0, 32767.0));
        lstm.lowest = -lstm.highest;
    }
    const Quantization& hidden = c.input(lstm_input::hidden).quant;
    const std::optional<int> hidden_power = negative_power(double{hidden.scale()});
    if (hidden_power && *hidden_power >= 0 && *hidden_power <= 28)
        lstm.hidden_bits = 30 - *hidden_power;
    lstm.hidden = requant_of(kUnitStep * kUnitStep / double{hidden.scale()});
    lstm.hidden_zero_point = hidden.zero_point();
}

// Where the state lies while the kernel runs: in its tensor, or in the output that returns it,
// begun with the given value.
Arg running_state(LowerContext& c, size_t input, size_t output, const char* c_type)
{
    const Tensor& initial = c.input(input);
    if (initial.kind == TensorKind::state) return c.state(input);
    const bool returned = c.node.outputs.size() > output;
    // The input sequence must not be overwritten while it is read.
    if (returned && c.node.inputs[input] != c.node.inputs[lstm_input::x])
        c.allow_in_place(input, output);
    Arg place =
        returned ? c.out(output) : c.scratch(initial.bytes(), element_bytes(initial.type), c_type);
    c.call("thb_copy",
           {c.in(input), c.in_flash(input), place, c.number(initial.bytes(), "uint32_t")});
    return place;
}

void set_rows(LowerContext& c, IntegerLstm& lstm)
{
    const LstmAttributes& attributes = lstm_attributes(c.node);
    const LstmSizes& size = lstm.size;
    const Tensor& x = c.input(lstm_input::x);
    const std::string pointer = std::string(dtype_c_name(x.type)) + "*";
    lstm.x = c.in(lstm_input::x);
    if (x.is_constant()) {
        lstm.x = c.scratch(x.bytes(), element_bytes(x.type), pointer);
        c.call("thb_copy", {c.in(lstm_input::x), c.in_flash(lstm_input::x), lstm.x,
                            c.number(x.bytes(), "uint32_t")});
    }
    lstm.x.c_type = "const " + pointer;
    lstm.h = running_state(c, lstm_input::hidden, 1, pointer.c_str());
    lstm.c = running_state(c, lstm_input::cell, 2, "int16_t*");
    lstm.sequence = attributes.return_sequences;
    lstm.out = lstm.sequence ? c.out() : c.null(pointer);
    lstm.x_batch = lstm_row(attributes, size, 1, 0, size.in_count);
    lstm.x_step = lstm_row(attributes, size, 0, 1, size.in_count);
    lstm.out_batch = lstm_row(attributes, size, 1, 0, size.units);
    lstm.out_step = lstm_row(attributes, size, 0, 1, size.units);
    if (!attributes.reverse) return;
    lstm.x.offset += (size.steps - 1) * lstm.x_step * element_bytes(x.type);
    lstm.x_step = -lstm.x_step;
    if (lstm.sequence) lstm.out.offset += (size.steps - 1) * lstm.out_step * element_bytes(x.type);
    lstm.out_step = -lstm.out_step;
}

IntegerLstm integer_lstm(LowerContext& c)
{
    IntegerLstm lstm;
    lstm.size = lstm_sizes(c.graph, c.node);
    for (size_t g = 0; g < kLstmGates; ++g) {
        lstm.sums[g] =
            sum_of(c, lstm_input::x, lstm_input::input_weights + g, lstm_input::biases + g);
        lstm.sums[g + kLstmGates] =
            sum_of(c, lstm_input::hidden, lstm_input::recurrent_weights + g, 0);
    }
    set_cell(c, lstm);
    set_rows(c, lstm);
    return lstm;
}

// [u][i + u][4]
std::vector<int8_t> packed_weights(const IntegerLstm& lstm)
{
    std::vector<int8_t> packed;
    for (int64_t u = 0; u < lstm.size.units; ++u)
        for (const size_t first : {size_t{0}, kLstmGates})
            for (int64_t k = 0; k < lstm.sums[first].count; ++k)
                for (size_t g = 0; g < kLstmGates; ++g)
                    packed.push_back(static_cast<int8_t>(lstm.sums[first + g].weight(u, k)));
    return packed;
}

// [u][8], modulo the width of T
template <typename T>
std::vector<T> packed_bias(const IntegerLstm& lstm)
{
    std::vector<T> packed;
    for (size_t u = 0; u < static_cast<size_t>(lstm.size.units); ++u)
        for (const LstmSum& sum : lstm.sums) packed.push_back(static_cast<T>(sum.bias[u]));
    return packed;
}

void call_portable(LowerContext& c, const IntegerLstm& lstm)
{
    const bool narrow = c.input(lstm_input::x).type == DType::i8;
    const bool wide_sums = std::ranges::any_of(
        lstm.sums, [](const LstmSum& sum) { return sum.products_most > INT32_MAX; });
    const Arg bias = narrow ? c.table(packed_bias<int32_t>(lstm), "bias of " + c.node.name)
                            : c.table(packed_bias<int64_t>(lstm), "bias of " + c.node.name);
    const int64_t bytes = narrow ? 1 : 2;
    std::vector<Arg> args = {lstm.x, c.table(packed_weights(lstm), "weights of " + c.node.name),
                             bias, lstm_exact_scales(c, lstm)};
    if (!narrow) args.push_back(c.key(int64_t{wide_sums}));
    const Arg old = c.scratch(lstm.size.units * bytes, bytes, narrow ? "int8_t*" : "int16_t*");
    args = joined(args, lstm_cell_args(c, lstm, old));
    args.push_back(c.key(int64_t{lstm.cell.multiplier}));
    args.push_back(c.key(int64_t{lstm.cell.shift}));
    c.call(narrow ? "thb_lstm_s8" : "thb_lstm_s16", args);
}

}  // namespace

std::vector<Arg> lstm_cell_args(LowerContext& c, const IntegerLstm& lstm, const Arg& work)
{
    std::vector<Arg> args = {c.table(sigmoid_table(), "16-bit sigmoid", false),
                             lstm.h,
                             lstm.c,
                             lstm.out,
                             c.key(int64_t{lstm.sequence}),
                             work};
    for (const int64_t size :
         {lstm.size.batches, lstm.size.steps, lstm.size.in_count, lstm.size.units, lstm.x_batch,
          lstm.x_step, lstm.out_batch, lstm.out_step})
        args.push_back(c.number(size, "thb_index_t"));
    args.push_back(c.key(int64_t{lstm.cell_bits}));
    args.push_back(c.number(lstm.lowest, "int16_t"));
    args.push_back(c.number(lstm.highest, "int16_t"));
    args.push_back(c.key(int64_t{lstm.tanh_multiplier}));
    args.push_back(c.key(int64_t{lstm.tanh_shift}));
    args.push_back(c.key(int64_t{lstm.hidden_bits}));
    args.push_back(c.number(lstm.hidden.multiplier, "int32_t"));
    args.push_back(c.number(lstm.hidden.shift, "int8_t"));
    args.push_back(c.number(lstm.hidden_zero_point, "int16_t"));
    return args;
}

Arg lstm_exact_scales(LowerContext& c, const IntegerLstm& lstm)
{
    std::vector<int32_t> records;
    for (const LstmSum& sum : lstm.sums)
        records.insert(records.end(), {sum.requant.multiplier, sum.requant.shift});
    return c.table(records, "multipliers of " + c.node.name, false);
}

IntegerLayer lstm_gate_layer(const IntegerLstm& lstm, size_t first)
{
    IntegerLayer layer;
    layer.out_count = lstm.size.units * static_cast<int64_t>(kLstmGates);
    layer.k_count = lstm.sums[first].count;
    for (int64_t u = 0; u < lstm.size.units; ++u) {
        for (size_t g = first; g < first + kLstmGates; ++g) {
            layer.bias.push_back(lstm.sums[g].bias[static_cast<size_t>(u)]);
            for (int64_t k = 0; k < layer.k_count; ++k)
                layer.weights.push_back(static_cast<int8_t>(lstm.sums[g].weight(u, k)));
        }
    }
    return layer;
}

void lower_lstm_integer(LowerContext& c)
{
    const IntegerLstm lstm = integer_lstm(c);
    std::vector<Variant> variants;
    const double macs = static_cast<double>(lstm.size.batches * lstm.size.steps * lstm.size.units *
                                            4 * (lstm.size.in_count + lstm.size.units));
    variants.push_back({"portable", "", macs * 60, [&] { call_portable(c, lstm); }});
    if (c.options.optimize != Optimize::size && c.input(lstm_input::x).type == DType::i8 &&
        lstm.cell_bits > 0) {
        add_lstm_dsp(c, lstm, variants);
        add_lstm_mve(c, lstm, variants);
        add_lstm_armv6m(c, lstm, variants);
        add_lstm_rv32(c, lstm, variants);
        add_lstm_avr(c, lstm, variants);
    }
    c.choose(std::move(variants));
    // Only the last step's h is wanted: it stands in the state.
    if (!lstm.sequence)
        c.call("thb_copy",
               {lstm.h, c.key(int64_t{0}), c.out(), c.number(c.output().bytes(), "uint32_t")});
}

}  // namespace thimble
