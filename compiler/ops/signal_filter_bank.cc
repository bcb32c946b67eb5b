// Mel filter bank of overlapping triangles:
//   y[c] = sum over interval c+1 of weight * x + sum over interval c of unweight * x
//
// Inputs: uint32 bins, then the constant int16 tables weights, unweights, first bin, first weight
// and width of each of the channels + 1 intervals. Output uint64 [channels]; sums wrap modulo 2^64.
// Source: TFLM signal library (docs/numerics.md, "Audio").
#include "ops/signal.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace thimble {

namespace {

enum : size_t { kBins, kWeights, kUnweights, kBinStarts, kWeightStarts, kWidths, kInputs };

struct FilterBankAttributes {
    int64_t channels = 0;
};

void import_filter_bank(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = FilterBankAttributes{
        signal_option(signal_options(source), "num_channels", 1, INT16_MAX - 1)};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, kInputs, kInputs);
    require_outputs(node, 1);
    require_signal_type(graph, node, kBins, DType::u32);
    for (size_t input = kWeights; input < kInputs; ++input)
        require_signal_table(graph, node, input, DType::i16);
    const int64_t channels = std::any_cast<const FilterBankAttributes&>(node.attributes).channels;
    for (const size_t input : {kBinStarts, kWeightStarts, kWidths})
        require_shape(
            graph.input(node, input).count() == channels + 1,
            fmt::format("table {} has shape {}", input, shape_text(graph.input(node, input).shape)),
            fmt::format("{} entries, one more than channels", channels + 1));
    require_shape(graph.input(node, kWeights).count() == graph.input(node, kUnweights).count(),
                  "weights and unweights differ in length", "equal lengths");
    const auto bin_starts = graph.input(node, kBinStarts).values<int16_t>();
    const auto weight_starts = graph.input(node, kWeightStarts).values<int16_t>();
    const auto widths = graph.input(node, kWidths).values<int16_t>();
    for (size_t c = 0; c < widths.size(); ++c) {
        const bool inside = widths[c] >= 0 && bin_starts[c] >= 0 && weight_starts[c] >= 0 &&
                            bin_starts[c] + widths[c] <= graph.input(node, kBins).count() &&
                            weight_starts[c] + widths[c] <= graph.input(node, kWeights).count();
        require_shape(
            inside,
            fmt::format("interval {}: {} bins from {}, weights from {}", c, widths[c],
                        bin_starts[c], weight_starts[c]),
            fmt::format("bins below {}, weights below {}", graph.input(node, kBins).count(),
                        graph.input(node, kWeights).count()));
    }
    set_signal_output(graph, node, 0, DType::u64, {channels});
}

// ---- oracle ----

uint64_t interval_sum(const EvalContext& c, size_t table, size_t interval)
{
    const auto weights = c.in<int16_t>(table);
    uint64_t sum = 0;
    for (int j = 0; j < c.in<int16_t>(kWidths)[interval]; ++j) {
        const int64_t weight =
            weights[static_cast<size_t>(c.in<int16_t>(kWeightStarts)[interval] + j)];
        sum += static_cast<uint64_t>(weight) *
               c.in<uint32_t>(kBins)[static_cast<size_t>(c.in<int16_t>(kBinStarts)[interval] + j)];
    }
    return sum;
}

void eval(EvalContext& c)
{
    const auto out = c.out<uint64_t>();
    for (size_t channel = 0; channel < out.size(); ++channel)
        out[channel] =
            interval_sum(c, kWeights, channel + 1) + interval_sum(c, kUnweights, channel);
}

// ---- lowering ----

// Whether the weights of each interval are positive and add up to a number that leaves room for
// 16-bit halves of the energies in 32 bits.
bool halves_fit(LowerContext& c, size_t table)
{
    const auto weights = c.input(table).values<int16_t>();
    const auto starts = c.input(kWeightStarts).values<int16_t>();
    const auto widths = c.input(kWidths).values<int16_t>();
    constexpr int64_t most = 65537;  // times 65535: 2^32 - 1
    for (size_t i = 0; i < widths.size(); ++i) {
        const auto first = weights.begin() + starts[i];
        if (std::accumulate(first, first + widths[i], int64_t{0}) > most) return false;
    }
    return true;
}

const char* form_of(LowerContext& c)
{
    for (const size_t table : {kWeights, kUnweights})
        if (std::ranges::any_of(c.input(table).values<int16_t>(), [](int16_t w) { return w < 0; }))
            return "THB_BANK_ANY";
    const bool halves = halves_fit(c, kWeights) && halves_fit(c, kUnweights);
    return halves && !c.target.has_wide_multiply ? "THB_BANK_HALVES" : "THB_BANK_WIDE";
}

void lower(LowerContext& c)
{
    c.call("thb_signal_filter_bank_u32",
           {signal_in(c, kBins), c.in(kWeights), c.in(kUnweights), c.in(kBinStarts),
            c.in(kWeightStarts), c.in(kWidths), c.out(),
            c.number(std::any_cast<const FilterBankAttributes&>(c.node.attributes).channels,
                     "thb_index_t"),
            c.key_text(form_of(c))});
}

int64_t macs(const Graph& graph, const Node& node)
{
    int64_t bins = 0;
    for (const int16_t width : graph.input(node, kWidths).values<int16_t>()) bins += width;
    return 2 * bins;
}

}  // namespace

extern const OpDef op_signal_filter_bank;
const OpDef op_signal_filter_bank = {.name = "signal_filter_bank",
                                     .tflite = {{"CUSTOM:SignalFilterBank", import_filter_bank}},
                                     .infer = infer,
                                     .eval = eval,
                                     .lower = lower,
                                     .macs = macs};

}  // namespace thimble
