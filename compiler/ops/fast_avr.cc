// Lowering of int8 dense layers and convolutions to device/arch/avr: five outputs at once, 24-bit
// sums, requantisation by one 24 x 32 bit multiply where numeric/short_requant.h proves it equal.
#include "numeric/short_requant.h"
#include "ops/fast_variants.h"

#include <algorithm>
#include <optional>

namespace thimble {

namespace {

constexpr int64_t kBlock = 5;             // THB_DENSE_AVR_BLOCK
constexpr int64_t kSumLimit = 1 << 23;    // sums are kept modulo 2^24
constexpr double kCyclesPerInput = 47;    // of one block: 2 + 1 + 5 * 8 + 4
constexpr double kCyclesPerTap = 20;      // of gathering a patch
constexpr double kCyclesPerOutput = 190;  // requantisation and loop

// Accumulators of one output with the bias, for any int8 input.
AccRange range_of(const IntegerLayer& layer, int64_t o)
{
    AccRange range = {layer.bias[static_cast<size_t>(o)], layer.bias[static_cast<size_t>(o)]};
    for (int64_t k = 0; k < layer.k_count; ++k) {
        const int64_t w = layer.weights[static_cast<size_t>(o * layer.k_count + k)];
        range.least += std::min(w * -128, w * 127);
        range.most += std::max(w * -128, w * 127);
    }
    return range;
}

void append_little_endian(std::vector<uint8_t>& bytes, int64_t value, int count)
{
    for (int i = 0; i < count; ++i)
        bytes.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i)));
}

// The records of thb_requantize_avr, all with one shift; empty when some output cannot be proven.
std::vector<uint8_t> requant_records(const IntegerLayer& layer, int shift)
{
    const ShortForm form = {.shift = shift, .multiplier_max = UINT32_MAX, .result_max = 32767};
    std::vector<uint8_t> records;
    AccRange all = range_of(layer, 0);
    for (int64_t o = 0; o < layer.out_count; ++o) {
        const AccRange range = range_of(layer, o);
        if (range.least < -kSumLimit || range.most >= kSumLimit) return {};
        all = {std::min(all.least, range.least), std::max(all.most, range.most)};
    }
    for (size_t i = 0; i < layer.requant.multipliers.size(); ++i) {
        const AccRange range =
            layer.requant.per_channel() ? range_of(layer, static_cast<int64_t>(i)) : all;
        const Requant exact = {layer.requant.multipliers[i], layer.requant.shifts[i]};
        const auto proven = short_requant(exact, layer.out_zero_point, layer.clamp, range, form);
        if (!proven) return {};
        append_little_endian(records, proven->multiplier, 4);
        append_little_endian(records, proven->offset, 7);
        append_little_endian(records, proven->negative_offset, 7);
    }
    return records;
}

// weights [block][k][5] offset by 128; the outputs that fill the last block up weigh zero.
std::vector<uint8_t> interleaved(const IntegerLayer& layer)
{
    const int64_t blocks = (layer.out_count + kBlock - 1) / kBlock;
    std::vector<uint8_t> packed(static_cast<size_t>(blocks * layer.k_count * kBlock), 128);
    for (int64_t o = 0; o < layer.out_count; ++o)
        for (int64_t k = 0; k < layer.k_count; ++k) {
            const int64_t at = (o / kBlock * layer.k_count + k) * kBlock + o % kBlock;
            packed[static_cast<size_t>(at)] = static_cast<uint8_t>(
                layer.weights[static_cast<size_t>(o * layer.k_count + k)] + 128);
        }
    return packed;
}

// With x = in + 128 and w = weight + 128: the terms -128 * sum w + 128 * 128 * count.
std::vector<int32_t> offset_bias(const IntegerLayer& layer)
{
    std::vector<int32_t> bias;
    for (int64_t o = 0; o < layer.out_count; ++o) {
        int64_t sum = 0;
        for (int64_t k = 0; k < layer.k_count; ++k)
            sum += layer.weights[static_cast<size_t>(o * layer.k_count + k)] + 128;
        bias.push_back(static_cast<int32_t>(layer.bias[static_cast<size_t>(o)] - 128 * sum +
                                            16384 * layer.k_count));
    }
    return bias;
}

// The tables of one layer; nothing when a range cannot be proven.
struct AvrLayer {
    std::vector<uint8_t> records;
    int shift = 0;
    double cycles = 0;  // of all outputs of one row
};

std::optional<AvrLayer> avr_layer(const LowerContext& c, const IntegerLayer& layer)
{
    if (!c.target.has("avr") || layer.k_count > 32767) return std::nullopt;
    AvrLayer result;
    // Factors below 2^-8 leave more bits to the multiplier.
    for (const int shift : {40, 32}) {
        result.shift = shift;
        result.records = requant_records(layer, shift);
        if (!result.records.empty()) break;
    }
    if (result.records.empty()) return std::nullopt;
    const double blocks = static_cast<double>((layer.out_count + kBlock - 1) / kBlock);
    result.cycles = blocks * static_cast<double>(layer.k_count) * kCyclesPerInput +
                    static_cast<double>(layer.out_count) * kCyclesPerOutput;
    return result;
}

// The arguments in, weights, bias, records, per_channel, shift, out.
std::vector<Arg> layer_args(LowerContext& c, const IntegerLayer& layer, const AvrLayer& avr)
{
    return {c.in(0),
            c.table(interleaved(layer), c.input(1).name),
            c.table(offset_bias(layer), "bias of " + c.node.name),
            c.table(avr.records, "requantisation of " + c.node.name, false),
            c.key(int64_t{layer.requant.per_channel()}),
            c.key(int64_t{avr.shift}),
            c.out()};
}

}  // namespace

void add_dense_avr(LowerContext& c, const IntegerLayer& layer, int64_t rows,
                   std::vector<Variant>& variants)
{
    const std::optional<AvrLayer> avr = avr_layer(c, layer);
    if (!avr) return;
    variants.push_back(
        {"avr_5", "avr", static_cast<double>(rows) * avr->cycles, [&c, &layer, rows, avr = *avr] {
             const std::vector<Arg> sizes = {
                 c.number(rows, "thb_index_t"), c.number(layer.k_count, "thb_index_t"),
                 c.number(layer.out_count, "thb_index_t"), c.number(layer.clamp.lowest, "int16_t"),
                 c.number(layer.clamp.highest, "int16_t")};
             c.call("thb_dense_s8_avr", joined(layer_args(c, layer, avr), sizes));
         }});
}

void add_conv2d_avr(LowerContext& c, const IntegerLayer& layer, const WindowGeometry& window,
                    std::vector<Variant>& variants)
{
    const std::optional<AvrLayer> avr = avr_layer(c, layer);
    if (!avr) return;
    const double gather = static_cast<double>(layer.k_count) * kCyclesPerTap;
    const double cost = static_cast<double>(window.pixels()) * (gather + avr->cycles);
    variants.push_back({"avr_5", "avr", cost, [&c, &layer, window, avr = *avr] {
                            std::vector<Arg> args = layer_args(c, layer, avr);
                            args.push_back(c.scratch(layer.k_count, 1, "int8_t*"));
                            args = joined(args, window_args(c, window));
                            for (const int32_t value :
                                 {layer.in_zero_point, layer.clamp.lowest, layer.clamp.highest})
                                args.push_back(c.number(value, "int16_t"));
                            c.call("thb_conv2d_s8_avr", std::move(args));
                        }});
}

}  // namespace thimble
