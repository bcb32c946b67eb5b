// Noise reduction of the audio front end. Per channel, with up = x << smoothing_bits:
//   noise = (up * smoothing + noise * one_minus_smoothing) >> bits    (a state)
//   y = max((up - min(noise, up)) >> smoothing_bits, (x * min_signal_remaining) >> bits)
//
// Input uint32 [n]; outputs uint32 [n] and the updated noise. Odd channels have their own
// smoothing; `clamping` also limits the stored noise to `up`. The file holds no tensor for the
// state: the import hook adds it, zero at the start. Source: TFLM signal library (docs/numerics.md,
// "Audio").
#include "ops/signal.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

struct SubtractionAttributes {
    int64_t channels, bits, smoothing_bits;
    int64_t even, one_minus_even, odd, one_minus_odd, least;
    bool clamping;
};

void import_subtraction(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = signal_options(source);
    const auto share = [&](std::string_view key) {
        return signal_option(options, key, 0, UINT32_MAX);
    };
    const SubtractionAttributes attributes = {
        .channels = signal_option(options, "num_channels", 1, INT16_MAX),
        .bits = signal_option(options, "spectral_subtraction_bits", 0, 31),
        .smoothing_bits = signal_option(options, "smoothing_bits", 0, 31),
        .even = share("smoothing"),
        .one_minus_even = share("one_minus_smoothing"),
        .odd = share("alternate_smoothing"),
        .one_minus_odd = share("alternate_one_minus_smoothing"),
        .least = share("min_signal_remaining"),
        .clamping = options.boolean("clamping")};
    require_inputs(node, 1, 1);
    add_signal_state(graph, node, "noise", {attributes.channels}, uint32_t{0});
    node.attributes = attributes;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 2);
    require_signal_type(graph, node, 0, DType::u32);
    const Shape& in = graph.input(node, 0).shape;
    const int64_t channels = std::any_cast<const SubtractionAttributes&>(node.attributes).channels;
    require_shape(element_count(in) == channels, "input " + shape_text(in),
                  fmt::format("{} channels", channels));
    set_signal_output(graph, node, 0, DType::u32, in);
    set_signal_output(graph, node, 1, DType::u32, in);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto& a = std::any_cast<const SubtractionAttributes&>(c.node.attributes);
    const auto in = c.in<uint32_t>(0);
    const auto noise = c.state<uint32_t>(1);
    for (size_t i = 0; i < in.size(); ++i) {
        const auto smoothing = static_cast<uint64_t>(i % 2 == 0 ? a.even : a.odd);
        const auto one_minus_smoothing = static_cast<uint64_t>(i % 2 == 0 ? a.one_minus_even
                                                                          : a.one_minus_odd);
        const auto up = static_cast<uint32_t>(uint64_t{in[i]} << a.smoothing_bits);
        const auto estimate = static_cast<uint32_t>(
            (up * smoothing + noise[i] * one_minus_smoothing) >> a.bits);
        const uint32_t removed = std::min(estimate, up);
        const auto least = static_cast<uint32_t>((in[i] * static_cast<uint64_t>(a.least)) >>
                                                 a.bits);
        noise[i] = a.clamping ? removed : estimate;
        c.out<uint32_t>(0)[i] = std::max((up - removed) >> a.smoothing_bits, least);
        c.out<uint32_t>(1)[i] = noise[i];
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const auto& a = std::any_cast<const SubtractionAttributes&>(c.node.attributes);
    // One wide multiplication is shorter than two halves, where there is one.
    constexpr int64_t most = 65536;
    const bool halves = !c.target.has_wide_multiply && a.bits <= 16 &&
                        a.even + a.one_minus_even <= most && a.odd + a.one_minus_odd <= most &&
                        a.least <= most;
    c.call("thb_signal_spectral_subtraction_u32",
           {signal_in(c, 0), c.state(1), c.out(0), c.out(1), c.number(a.channels, "thb_index_t"),
            c.key(a.bits), c.key(a.smoothing_bits), c.number(a.even, "uint32_t"),
            c.number(a.one_minus_even, "uint32_t"), c.number(a.odd, "uint32_t"),
            c.number(a.one_minus_odd, "uint32_t"), c.number(a.least, "uint32_t"),
            c.key(int64_t{a.clamping}), c.key(int64_t{halves})});
    c.allow_in_place(0);
}

int64_t macs(const Graph& graph, const Node& node) { return 3 * graph.input(node, 0).count(); }

}  // namespace

extern const OpDef op_signal_spectral_subtraction;
const OpDef op_signal_spectral_subtraction = {
    .name = "signal_spectral_subtraction",
    .tflite = {{"CUSTOM:SignalFilterBankSpectralSubtraction", import_subtraction}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .macs = macs,
    .has_side_effect = true};

}  // namespace thimble
