// Variants for RV32IM (device/arch/rv32): packing and calls. Sums are modulo 2^32, as in the
// portable kernels, so only the short requantisation needs a proof.
#include "ops/fast_variants.h"

#include <algorithm>

namespace thimble {

namespace {

constexpr int64_t kWide = 8, kNarrow = 4;  // outputs of a block; the last one may be narrow

int64_t width_of_block(int64_t outputs_left)
{
    return outputs_left > kNarrow ? kWide : kNarrow;
}

// What the blocks read: the outputs, filled up.
int64_t filled_outputs(int64_t out_count)
{
    int64_t filled = 0;
    while (filled < out_count) filled += width_of_block(out_count - filled);
    return filled;
}

// [block][k][outputs of the block]; zero beyond the layer's outputs.
std::vector<int8_t> packed_weights(const IntegerLayer& layer)
{
    std::vector<int8_t> packed;
    for (int64_t first = 0; first < layer.out_count;) {
        const int64_t end = first + width_of_block(layer.out_count - first);
        for (int64_t k = 0; k < layer.k_count; ++k)
            for (int64_t o = first; o < end; ++o)
                packed.push_back(
                    o < layer.out_count
                        ? layer.weights[static_cast<size_t>(o * layer.k_count + k)]
                        : int8_t{0});
        first = end;
    }
    return packed;
}

// [c / 4][tap][4]
std::vector<int8_t> packed_taps(const IntegerLayer& layer)
{
    std::vector<int8_t> packed;
    for (int64_t first = 0; first < layer.out_count; first += kNarrow)
        for (int64_t tap = 0; tap < layer.k_count; ++tap)
            for (int64_t o = first; o < first + kNarrow; ++o)
                packed.push_back(layer.weights[static_cast<size_t>(o * layer.k_count + tap)]);
    return packed;
}

std::vector<int32_t> wrapped_bias(const IntegerLayer& layer)
{
    std::vector<int32_t> bias;
    for (const int64_t b : layer.bias)
        bias.push_back(static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(b))));
    bias.resize(static_cast<size_t>(filled_outputs(layer.out_count)), 0);
    return bias;
}

// All channels shift right, and no sum reaches 2^30: thb_multiply_down.
bool scales_down(const IntegerLayer& layer)
{
    for (int64_t o = 0; o < layer.out_count; ++o) {
        const int8_t* weights = layer.weights.data() + o * layer.k_count;
        const int64_t bound = accumulator_bound(layer.bias[static_cast<size_t>(o)], weights,
                                                layer.k_count, 1, INT8_MIN, INT8_MAX);
        if (bound >= int64_t{1} << 30) return false;
    }
    return std::ranges::all_of(layer.requant.shifts, [](int8_t shift) { return shift <= -1; });
}

// The arguments in, weights, bias, multipliers, shifts, per_channel, down, out.
std::vector<Arg> layer_args(LowerContext& c, const IntegerLayer& layer,
                            const std::vector<int8_t>& weights)
{
    return {c.in(0),
            c.table(weights, c.input(1).name),
            c.table(wrapped_bias(layer), "bias of " + c.node.name),
            c.table(layer.requant.multipliers, "multipliers of " + c.node.name, false),
            c.table(layer.requant.shifts, "shifts of " + c.node.name, false),
            c.key(int64_t{layer.requant.per_channel()}),
            c.key(int64_t{scales_down(layer)}),
            c.out()};
}

std::vector<Arg> ending_args(LowerContext& c, const IntegerLayer& layer)
{
    return {c.number(layer.out_zero_point, "int16_t"), c.number(layer.clamp.lowest, "int16_t"),
            c.number(layer.clamp.highest, "int16_t")};
}

// Instructions of all outputs of one row, counted from the code.
double row_cost(const IntegerLayer& layer)
{
    const int64_t wide = layer.out_count / kWide, left = layer.out_count % kWide;
    const int64_t narrow = left > 0 && left <= kNarrow ? 1 : 0;
    const int64_t blocks = wide + (left > kNarrow ? 1 : 0);
    return static_cast<double>(blocks * (layer.k_count * 53 / 2 + 50) +
                               narrow * (layer.k_count * 31 / 2 + 40) + layer.out_count * 28);
}

}  // namespace

void add_dense_rv32(LowerContext& c, const IntegerLayer& layer, int64_t rows,
                    std::vector<Variant>& variants)
{
    variants.push_back({"rv32_8x1", "rv32", static_cast<double>(rows) * row_cost(layer),
                        [&c, &layer, rows] {
                            std::vector<Arg> args = layer_args(c, layer, packed_weights(layer));
                            for (const int64_t size : {rows, layer.k_count, layer.out_count})
                                args.push_back(c.number(size, "thb_index_t"));
                            c.call("thb_dense_s8_rv32", joined(args, ending_args(c, layer)));
                        }});
}

void add_conv2d_rv32(LowerContext& c, const IntegerLayer& layer, const WindowGeometry& window,
                     std::vector<Variant>& variants)
{
    const bool direct = window.taps() == 1 && !window.padded();
    const double gather =
        direct ? 0 : static_cast<double>(2 * layer.k_count + 30 * window.filter_h + 40);
    const double cost = static_cast<double>(window.pixels()) * (gather + row_cost(layer));
    variants.push_back({"rv32_8x1", "rv32", cost, [&c, &layer, window, direct] {
                            std::vector<Arg> args = layer_args(c, layer, packed_weights(layer));
                            args.push_back(c.key(int64_t{direct}));
                            args.push_back(direct ? c.null("int8_t*")
                                                  : c.scratch(layer.k_count, 4, "int8_t*"));
                            args = joined(args, window_args(c, window));
                            args.push_back(c.number(layer.in_zero_point, "int16_t"));
                            c.call("thb_conv2d_s8_rv32", joined(args, ending_args(c, layer)));
                        }});
}

void add_depthwise_rv32(LowerContext& c, const IntegerLayer& layer, const WindowGeometry& window,
                        std::vector<Variant>& variants)
{
    if (window.in_c != window.out_c || window.out_c % kNarrow != 0) return;
    const double cost = static_cast<double>(
        window.pixels() *
        (layer.k_count * 12 + window.out_c / kNarrow * (layer.k_count * 22 + 40 + 4 * 28)));
    variants.push_back({"rv32_taps", "rv32", cost, [&c, &layer, window] {
                            std::vector<Arg> args = layer_args(c, layer, packed_taps(layer));
                            args.push_back(c.scratch(layer.k_count * 4, 4, "const int8_t**"));
                            args.push_back(window.padded() ? c.scratch(window.in_c, 1, "int8_t*")
                                                           : c.null("int8_t*"));
                            args = joined(args, window_args(c, window));
                            args.push_back(c.number(layer.in_zero_point, "int16_t"));
                            c.call("thb_depthwise_conv2d_s8_rv32",
                                   joined(args, ending_args(c, layer)));
                        }});
}

}  // namespace thimble
