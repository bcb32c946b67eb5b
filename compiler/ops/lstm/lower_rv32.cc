// The integer LSTM for RV32IM (device/arch/rv32/lstm_rv32.h). Sums are modulo 2^32; the short
// requantisation needs them below 2^30 and shifts to the right.
#include "ops/lstm/lower_integer.h"
#include "ops/window.h"

#include <algorithm>

namespace thimble {

namespace {

int64_t pairs_of(const IntegerLstm& lstm)
{
    return (lstm.size.units + 1) / 2;
}

// [u / 2][x, then h][k][2][4]
std::vector<int8_t> packed_pairs(const IntegerLstm& lstm)
{
    std::vector<int8_t> packed;
    for (int64_t pair = 0; pair < pairs_of(lstm); ++pair)
        for (const size_t first : {size_t{0}, kLstmGates})
            for (int64_t k = 0; k < lstm.sums[first].count; ++k)
                for (int64_t u = 2 * pair; u < 2 * pair + 2; ++u)
                    for (size_t g = first; g < first + kLstmGates; ++g)
                        packed.push_back(static_cast<int8_t>(
                            u < lstm.size.units ? lstm.sums[g].weight(u, k) : 0));
    return packed;
}

// [u / 2][x, then h][2][4]
std::vector<int32_t> starts_of(const IntegerLstm& lstm)
{
    std::vector<int32_t> starts;
    for (int64_t pair = 0; pair < pairs_of(lstm); ++pair)
        for (const size_t first : {size_t{0}, kLstmGates})
            for (int64_t u = 2 * pair; u < 2 * pair + 2; ++u)
                for (size_t g = first; g < first + kLstmGates; ++g)
                    starts.push_back(
                        u < lstm.size.units
                            ? static_cast<int32_t>(lstm.sums[g].bias[static_cast<size_t>(u)])
                            : 0);
    return starts;
}

std::vector<uint32_t> records_of(const IntegerLstm& lstm)
{
    std::vector<uint32_t> records;
    for (const LstmSum& sum : lstm.sums) {
        const auto exponent = static_cast<uint32_t>(-sum.requant.shift);
        records.insert(records.end(), {2 * static_cast<uint32_t>(sum.requant.multiplier),
                                       uint32_t{1} << (exponent - 1), exponent});
    }
    return records;
}

bool shifts_right(const LstmSum& sum)
{
    constexpr int64_t kLimit = int64_t{1} << 30;
    return sum.requant.multiplier > 0 && sum.requant.shift <= -1 && sum.requant.shift >= -22 &&
           sum.range.least > -kLimit && sum.range.most < kLimit;
}

}  // namespace

void add_lstm_rv32(LowerContext& c, const IntegerLstm& lstm, std::vector<Variant>& variants)
{
    if (!c.target.has("rv32") || !std::ranges::all_of(lstm.sums, shifts_right)) return;
    const LstmSizes& size = lstm.size;
    const double cost = static_cast<double>(size.batches * size.steps * pairs_of(lstm) *
                                            (27 * (size.in_count + size.units) + 780));
    variants.push_back(
        {"rv32_8", "rv32", cost, [&c, &lstm] {
             const std::vector<Arg> args = {
                 lstm.x, c.table(packed_pairs(lstm), "weights of " + c.node.name),
                 c.table(starts_of(lstm), "bias of " + c.node.name),
                 c.table(records_of(lstm), "multipliers of " + c.node.name, false)};
             c.call(
                 "thb_lstm_s8_rv32",
                 joined(args, lstm_cell_args(c, lstm, c.scratch(lstm.size.units, 1, "int8_t*"))));
         }});
}

}  // namespace thimble
