// The integer LSTM for AVR (device/arch/avr/lstm_s8_avr.h): sums of 24 bits, exact requantisation.
#include "ops/fast_variants.h"
#include "ops/lstm/lower_integer.h"

#include <algorithm>

namespace thimble {

namespace {

constexpr int64_t kSumLimit = 1 << 23;  // sums are kept modulo 2^24
constexpr int kExponentMax = 24;        // shifts of a 24-bit number
constexpr int64_t kWorkBytes = 22;      // beyond the rows
constexpr double kCyclesPerInput = 36;  // of the four gates of a unit
constexpr double kCyclesPerUnit = 2000;

void append_little_endian(std::vector<uint8_t>& bytes, int64_t value, int count)
{
    for (int i = 0; i < count; ++i)
        bytes.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i)));
}

bool fits(const LstmSum& sum)
{
    return sum.range.least >= -kSumLimit && sum.range.most < kSumLimit && sum.count <= INT16_MAX &&
           sum.requant.shift <= 0 && sum.requant.shift >= -kExponentMax &&
           sum.requant.multiplier % 128 == 0;
}

// With in' = in + 128 and w' = w + 128: sum in * w = sum in' * w' - 128 * sum in' - 128 * sum w' +
// 128 * 128 * count; the second term is the kernel's correction, the last two join the bias.
void append_block(std::vector<uint8_t>& bytes, const IntegerLstm& lstm, size_t first, int64_t unit)
{
    const int64_t count = lstm.sums[first].count;
    for (size_t g = first; g < first + kLstmGates; ++g) {
        int64_t start = lstm.sums[g].bias[static_cast<size_t>(unit)] + 16384 * count;
        for (int64_t k = 0; k < count; ++k) start -= 128 * (lstm.sums[g].weight(unit, k) + 128);
        append_little_endian(bytes, start, 3);
    }
    for (int64_t k = 0; k < count; ++k)
        for (size_t g = first; g < first + kLstmGates; ++g)
            bytes.push_back(static_cast<uint8_t>(lstm.sums[g].weight(unit, k) + 128));
}

std::vector<uint8_t> blocks_of(const IntegerLstm& lstm)
{
    std::vector<uint8_t> bytes;
    for (int64_t u = 0; u < lstm.size.units; ++u) {
        append_block(bytes, lstm, 0, u);
        append_block(bytes, lstm, kLstmGates, u);
    }
    return bytes;
}

std::vector<uint8_t> records_of(const IntegerLstm& lstm)
{
    std::vector<uint8_t> bytes;
    for (const LstmSum& sum : lstm.sums) {
        append_little_endian(bytes, sum.requant.multiplier / 128, 3);
        append_little_endian(bytes, -sum.requant.shift, 1);
    }
    return bytes;
}

}  // namespace

void add_lstm_avr(LowerContext& c, const IntegerLstm& lstm, std::vector<Variant>& variants)
{
    if (!c.target.has("avr") || !std::ranges::all_of(lstm.sums, fits)) return;
    const LstmSizes& size = lstm.size;
    const double cost =
        static_cast<double>(size.batches * size.steps * size.units) *
        (static_cast<double>(size.in_count + size.units) * kCyclesPerInput + kCyclesPerUnit);
    variants.push_back(
        {"avr_4", "avr", cost, [&c, &lstm] {
             const std::vector<Arg> args = {
                 lstm.x, c.table(blocks_of(lstm), "weights and biases of " + c.node.name),
                 c.table(records_of(lstm), "multipliers of " + c.node.name, false)};
             c.call("thb_lstm_s8_avr",
                    joined(args, lstm_cell_args(
                                     c, lstm,
                                     c.scratch(lstm.size.in_count + lstm.size.units + kWorkBytes, 1,
                                               "uint8_t*"))));
         }});
}

}  // namespace thimble
