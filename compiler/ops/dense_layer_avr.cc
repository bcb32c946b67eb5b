// Lowering of int8 dense layers to device/arch/avr/dense_s8_avr.h: five outputs at once, 24-bit sums.
#include "ops/dense_layer.h"

#include <algorithm>

namespace thimble {

namespace {

constexpr int64_t kBlock = 5;               // THB_DENSE_AVR_BLOCK
constexpr int64_t kSumLimit = 1 << 23;      // sums are kept modulo 2^24
constexpr double kCyclesPerInput = 47;      // of one block: 2 + 1 + 5 * 8 + 4
constexpr double kCyclesPerOutput = 200;    // requantisation and loop

// Every sum with the bias, for any int8 input, fits 24 signed bits.
bool sums_fit_24_bits(const IntegerLayer& layer)
{
    for (int64_t o = 0; o < layer.out_count; ++o) {
        const int8_t* row = layer.weights.data() + o * layer.k_count;
        if (accumulator_bound(layer.bias[static_cast<size_t>(o)], row, layer.k_count, 1, -128, 127) >= kSumLimit) return false;
    }
    return true;
}

// weights [block][k][5] offset by 128; the outputs that fill the last block up weigh zero.
std::vector<uint8_t> interleaved(const IntegerLayer& layer)
{
    const int64_t blocks = (layer.out_count + kBlock - 1) / kBlock;
    std::vector<uint8_t> packed(static_cast<size_t>(blocks * layer.k_count * kBlock), 128);
    for (int64_t o = 0; o < layer.out_count; ++o)
        for (int64_t k = 0; k < layer.k_count; ++k) {
            const int64_t at = (o / kBlock * layer.k_count + k) * kBlock + o % kBlock;
            packed[static_cast<size_t>(at)] = static_cast<uint8_t>(layer.weights[static_cast<size_t>(o * layer.k_count + k)] + 128);
        }
    return packed;
}

// With x = in + 128 and w = weight + 128: the terms -128 * sum w + 128 * 128 * count.
std::vector<int32_t> offset_bias(const IntegerLayer& layer)
{
    std::vector<int32_t> bias;
    for (int64_t o = 0; o < layer.out_count; ++o) {
        int64_t sum = 0;
        for (int64_t k = 0; k < layer.k_count; ++k) sum += layer.weights[static_cast<size_t>(o * layer.k_count + k)] + 128;
        bias.push_back(static_cast<int32_t>(layer.bias[static_cast<size_t>(o)] - 128 * sum + 16384 * layer.k_count));
    }
    return bias;
}

}  // namespace

std::vector<Variant> dense_variants_avr(LowerContext& c, const IntegerLayer& layer, int64_t rows, const std::vector<Arg>& ending)
{
    if (layer.nibbles || layer.weight_zero_point != 0 || layer.k_count > 32767 || !sums_fit_24_bits(layer)) return {};
    const double blocks = static_cast<double>((layer.out_count + kBlock - 1) / kBlock);
    const double cost = static_cast<double>(rows) * (blocks * static_cast<double>(layer.k_count) * kCyclesPerInput +
                                                     static_cast<double>(layer.out_count) * kCyclesPerOutput);
    return {{"avr_5", "avr", cost, [&c, &layer, rows, ending] {
                 std::vector<Arg> args = {c.in(0), c.table(interleaved(layer), c.input(1).name), c.table(offset_bias(layer), "bias of " + c.node.name),
                                          c.table(layer.requant.multipliers, "multipliers of " + c.node.name, false),
                                          c.table(layer.requant.shifts, "shifts of " + c.node.name, false),
                                          c.key(int64_t{layer.requant.per_channel()}), c.out(), c.number(rows, "thb_index_t"),
                                          c.number(layer.k_count, "thb_index_t"), c.number(layer.out_count, "thb_index_t")};
                 args.insert(args.end(), ending.begin(), ending.end());
                 c.call("thb_dense_s8_avr", std::move(args));
             }}};
}

}  // namespace thimble
