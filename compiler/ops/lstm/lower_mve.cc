// The integer LSTM with Helium (device/arch/mve/lstm_mve.h).
#include "ops/lstm/lower_integer.h"
#include "ops/window.h"

#include <algorithm>

namespace thimble {

namespace {

constexpr int64_t kLanes = 16;

int64_t vectors_of(int64_t count)
{
    return (count + kLanes - 1) / kLanes;
}

// [u][x, then h][k / 16][4][16]
std::vector<int8_t> packed_vectors(const IntegerLstm& lstm)
{
    std::vector<int8_t> packed;
    for (int64_t u = 0; u < lstm.size.units; ++u) {
        for (const size_t first : {size_t{0}, kLstmGates}) {
            const int64_t count = lstm.sums[first].count;
            for (int64_t k = 0; k < count; k += kLanes)
                for (size_t g = first; g < first + kLstmGates; ++g)
                    for (int64_t lane = k; lane < k + kLanes; ++lane)
                        packed.push_back(
                            static_cast<int8_t>(lane < count ? lstm.sums[g].weight(u, lane) : 0));
        }
    }
    return packed;
}

std::vector<int32_t> starts_of(const IntegerLstm& lstm)
{
    std::vector<int32_t> starts;
    for (size_t u = 0; u < static_cast<size_t>(lstm.size.units); ++u)
        for (const LstmSum& sum : lstm.sums) starts.push_back(static_cast<int32_t>(sum.bias[u]));
    return starts;
}

}  // namespace

void add_lstm_mve(LowerContext& c, const IntegerLstm& lstm, std::vector<Variant>& variants)
{
    // Twice a sum is what the requantisation takes.
    const bool fits = std::ranges::all_of(lstm.sums, [](const LstmSum& sum) {
        return sum.range.least > -(int64_t{1} << 30) && sum.range.most < int64_t{1} << 30;
    });
    if (!c.target.has("mve") || !fits) return;
    const int64_t vectors = vectors_of(lstm.size.in_count) + vectors_of(lstm.size.units);
    const double cost = static_cast<double>(lstm.size.batches * lstm.size.steps * lstm.size.units *
                                            (10 * vectors + 230));
    variants.push_back(
        {"mve_16", "mve", cost, [&c, &lstm] {
             const GateScales scales = gate_scales(lstm);
             std::vector<Arg> args = {
                 lstm.x, c.table(packed_vectors(lstm), "weights of " + c.node.name),
                 c.table(starts_of(lstm), "bias of " + c.node.name),
                 c.table(scales.records, "multipliers of " + c.node.name, false),
                 c.key_text(scales.fast ? "THB_SCALE_FAST" : "THB_SCALE_EXACT")};
             c.call(
                 "thb_lstm_s8_mve",
                 joined(args, lstm_cell_args(c, lstm, c.scratch(lstm.size.units, 1, "int8_t*"))));
         }});
}

}  // namespace thimble
