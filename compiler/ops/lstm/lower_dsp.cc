// The integer LSTM with DSP instructions (device/arch/dsp/lstm_dsp.h).
#include "ops/fast_variants.h"
#include "ops/lstm/lower_integer.h"

namespace thimble {

namespace {

int64_t groups_of(int64_t count)
{
    return (count + 3) / 4;
}

// Starts of the sums of x and of h side by side, unit by unit.
std::vector<int32_t> starts_of(const PairedWeights& x, const PairedWeights& h)
{
    std::vector<int32_t> starts;
    for (size_t i = 0; i < x.bias.size(); i += kLstmGates) {
        const auto at = static_cast<std::ptrdiff_t>(i);
        const auto end = static_cast<std::ptrdiff_t>(i + kLstmGates);
        starts.insert(starts.end(), x.bias.begin() + at, x.bias.begin() + end);
        starts.insert(starts.end(), h.bias.begin() + at, h.bias.begin() + end);
    }
    return starts;
}

}  // namespace

GateScales gate_scales(const IntegerLstm& lstm)
{
    GateScales scales;
    for (const LstmSum& sum : lstm.sums) {
        const int exponent = -sum.requant.shift;
        // Nothing is larger than a sum, which the pairs bound by 2^30.
        if (sum.requant.multiplier <= 0 || exponent < 1 || exponent > 22) scales.fast = false;
    }
    for (const LstmSum& sum : lstm.sums) {
        const int exponent = -sum.requant.shift;
        const int32_t half = scales.fast ? 1 << (exponent - 1) : 0;
        scales.records.insert(scales.records.end(), {sum.requant.multiplier, half,
                                                     scales.fast ? exponent : sum.requant.shift});
    }
    return scales;
}

void add_lstm_dsp(LowerContext& c, const IntegerLstm& lstm, std::vector<Variant>& variants)
{
    if (!c.target.has("dsp")) return;
    const auto x = paired_weights(lstm_gate_layer(lstm, 0));
    const auto h = paired_weights(lstm_gate_layer(lstm, kLstmGates));
    if (!x || !h) return;
    const GateScales scales = gate_scales(lstm);
    const int64_t groups = groups_of(lstm.size.in_count) + groups_of(lstm.size.units);
    const double cost = static_cast<double>(lstm.size.batches * lstm.size.steps * lstm.size.units *
                                            (16 * groups + 200));
    variants.push_back(
        {"dsp_4", "dsp", cost, [&c, &lstm, groups, x = *x, h = *h, scales] {
             std::vector<Arg> args = {
                 lstm.x,
                 c.table(x.weights, "weights of " + c.node.name),
                 c.table(h.weights, "recurrent weights of " + c.node.name),
                 c.table(starts_of(x, h), "bias of " + c.node.name),
                 c.table(scales.records, "multipliers of " + c.node.name, false),
                 c.key_text(scales.fast ? "THB_SCALE_FAST" : "THB_SCALE_EXACT")};
             c.call("thb_lstm_s8_dsp",
                    joined(args, lstm_cell_args(c, lstm, c.scratch(groups * 8, 4, "int32_t*"))));
         }});
}

}  // namespace thimble
