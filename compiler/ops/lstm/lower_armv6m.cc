// The integer LSTM for Armv6-M (device/arch/armv6m/lstm_armv6m.h). Sums are modulo 2^32, so nothing
// needs a proof.
#include "ops/fast_variants.h"
#include "ops/lstm/lower_integer.h"

namespace thimble {

namespace {

int64_t filled(int64_t count)
{
    return (count + 3) / 4 * 4;
}

// w + 128, zero for the inputs that fill a row up.
std::vector<uint8_t> weights_of(const IntegerLstm& lstm)
{
    std::vector<uint8_t> bytes;
    for (int64_t u = 0; u < lstm.size.units; ++u)
        for (const size_t first : {size_t{0}, kLstmGates})
            for (int64_t k = 0; k < filled(lstm.sums[first].count); ++k)
                for (size_t g = first; g < first + kLstmGates; ++g) {
                    const bool exists = k < lstm.sums[g].count;
                    const int64_t w = exists ? lstm.sums[g].weight(u, k) + 128 : 0;
                    bytes.push_back(static_cast<uint8_t>(w));
                }
    return bytes;
}

// bias - 128 * sum w' + 16384 * k, see dot_armv6m.h.
std::vector<int32_t> starts_of(const IntegerLstm& lstm)
{
    std::vector<int32_t> starts;
    for (int64_t u = 0; u < lstm.size.units; ++u)
        for (const LstmSum& sum : lstm.sums) {
            int64_t start = sum.bias[static_cast<size_t>(u)] + 16384 * sum.count;
            for (int64_t k = 0; k < sum.count; ++k) start -= 128 * (sum.weight(u, k) + 128);
            starts.push_back(static_cast<int32_t>(static_cast<uint32_t>(start)));
        }
    return starts;
}

// The records of thb_lstm_gates_armv6m; empty where a sum shifts left or not at all.
std::vector<int32_t> records_of(const IntegerLstm& lstm)
{
    std::vector<int32_t> records;
    for (size_t g = 0; g < kLstmGates; ++g)
        for (const size_t i : {g, g + kLstmGates}) {
            const Requant& requant = lstm.sums[i].requant;
            if (requant.multiplier <= 0 || requant.shift >= 0) return {};
            records.insert(records.end(), {requant.multiplier & 0xFFFF, requant.multiplier >> 16,
                                           -requant.shift - 1});
        }
    return records;
}

Arg scales_of(LowerContext& c, const IntegerLstm& lstm, const std::vector<int32_t>& records)
{
    if (records.empty()) return lstm_exact_scales(c, lstm);
    return c.table(records, "multipliers of " + c.node.name, false);
}

}  // namespace

void add_lstm_armv6m(LowerContext& c, const IntegerLstm& lstm, std::vector<Variant>& variants)
{
    // With a 64-bit product and loads of signed bytes the portable kernel takes fewer instructions.
    if (!c.target.has("armv6m") || c.target.has_wide_multiply) return;
    const LstmSizes& size = lstm.size;
    const int64_t inputs = filled(size.in_count) + filled(size.units);
    const double cost =
        static_cast<double>(size.batches * size.steps * size.units * (14 * inputs + 500));
    variants.push_back(
        {"armv6m_4", "armv6m", cost, [&c, &lstm, inputs] {
             const std::vector<int32_t> records = records_of(lstm);
             const std::vector<Arg> args = {
                 lstm.x, c.table(weights_of(lstm), "weights of " + c.node.name),
                 c.table(starts_of(lstm), "bias of " + c.node.name), scales_of(c, lstm, records),
                 c.key(int64_t{!records.empty()})};
             c.call("thb_lstm_s8_armv6m",
                    joined(args, lstm_cell_args(c, lstm, c.scratch(inputs + 8, 4, "uint8_t*"))));
         }});
}

}  // namespace thimble
