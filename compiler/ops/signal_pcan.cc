// Automatic gain control per channel (PCAN): snr = (x * gain(noise)) >> snr_shift, then
//   y = snr < 8192 ? snr^2 >> 20 : (snr >> 6) - 64
//
// Inputs: uint32 [n], the uint32 noise estimate [n], and the constant int16 table of the gain:
// entries 0, 1, 2 are its values there; octave k >= 2 (2^(k-1) to 2^k) has value, slope and
// curvature from entry 4k - 6 on. Output uint32 [n]. Source: TFLM signal library; Wang et al. 2017,
// arXiv:1607.05666 (docs/numerics.md, "Audio").
#include "ops/signal.h"

#include <bit>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int64_t kTableEntries = 125;  // 4 * 32 - 6 + 3: up to octave 32

struct PcanAttributes {
    int64_t snr_shift = 0;
};

void import_pcan(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = PcanAttributes{signal_option(signal_options(source), "snr_shift", 0, 63)};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::u32);
    require_signal_type(graph, node, 1, DType::u32);
    require_signal_table(graph, node, 2, DType::i16);
    const Tensor& in = graph.input(node, 0);
    require_shape(graph.input(node, 1).count() == in.count(),
                  "noise estimate " + shape_text(graph.input(node, 1).shape),
                  "as many channels as the signal, " + shape_text(in.shape));
    require_shape(graph.input(node, 2).count() >= kTableEntries,
                  "gain table " + shape_text(graph.input(node, 2).shape),
                  fmt::format("{} entries", kTableEntries));
    set_signal_output(graph, node, 0, DType::u32, in.shape);
}

// ---- oracle ----

int16_t gain_at(std::span<const int16_t> table, uint32_t x)
{
    if (x <= 2) return table[x];
    const int octave = std::bit_width(x);
    const uint64_t fraction = (octave < 11 ? uint64_t{x} << (11 - octave)
                                           : uint64_t{x} >> (octave - 11)) &
                              1023;
    const auto at = static_cast<size_t>(4 * octave - 6);
    int64_t result = (table[at + 2] * static_cast<int64_t>(fraction)) >> 5;
    result = (result + table[at + 1] * 32) * static_cast<int64_t>(fraction);
    return static_cast<int16_t>(((result + 16384) >> 15) + table[at]);
}

void eval(EvalContext& c)
{
    const auto in = c.in<uint32_t>(0);
    const auto out = c.out<uint32_t>();
    const int64_t shift = std::any_cast<const PcanAttributes&>(c.node.attributes).snr_shift;
    for (size_t i = 0; i < in.size(); ++i) {
        const int64_t gain = gain_at(c.in<int16_t>(2), c.in<uint32_t>(1)[i]);
        const auto snr = static_cast<uint32_t>((in[i] * static_cast<uint64_t>(gain)) >> shift);
        out[i] = snr < 8192 ? (snr * snr) >> 20 : (snr >> 6) - 64;
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    c.call("thb_signal_pcan_u32",
           {signal_in(c, 0), signal_in(c, 1), c.in(2), c.out(),
            c.number(c.input(0).count(), "thb_index_t"),
            c.key(std::any_cast<const PcanAttributes&>(c.node.attributes).snr_shift)});
    c.allow_in_place(0);
    c.allow_in_place(1);
}

int64_t macs(const Graph& graph, const Node& node) { return 4 * graph.input(node, 0).count(); }

}  // namespace

extern const OpDef op_signal_pcan;
const OpDef op_signal_pcan = {.name = "signal_pcan",
                              .tflite = {{"CUSTOM:SignalPCAN", import_pcan}},
                              .infer = infer,
                              .eval = eval,
                              .lower = lower,
                              .macs = macs};

}  // namespace thimble
