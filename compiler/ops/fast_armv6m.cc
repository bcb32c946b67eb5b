// Variants for Armv6-M (device/arch/armv6m): packing and calls. Sums are modulo 2^32, as in the
// portable kernels, so nothing needs a proof.
#include "ops/fast_variants.h"

#include <algorithm>

namespace thimble {

namespace {

constexpr int64_t kOutputsAtOnce = 4;
constexpr int64_t kInputsAtOnce = 8;

int64_t filled(int64_t count, int64_t unit)
{
    return (count + unit - 1) / unit * unit;
}

// [o / 4][k][4] with 128 added; zero beyond the layer's sizes.
std::vector<uint8_t> packed_weights(const IntegerLayer& layer)
{
    std::vector<uint8_t> packed;
    const int64_t k_filled = filled(layer.k_count, kInputsAtOnce);
    for (int64_t block = 0; block < layer.out_count; block += kOutputsAtOnce) {
        for (int64_t k = 0; k < k_filled; ++k) {
            for (int64_t o = block; o < block + kOutputsAtOnce; ++o) {
                const bool exists = o < layer.out_count && k < layer.k_count;
                const int weight =
                    exists ? layer.weights[static_cast<size_t>(o * layer.k_count + k)] + 128 : 0;
                packed.push_back(static_cast<uint8_t>(weight));
            }
        }
    }
    return packed;
}

int32_t wrapped(int64_t value)
{
    return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(value)));
}

// bias - 128 * sum w' + 16384 * k, see dot_armv6m.h.
std::vector<int32_t> corrected_bias(const IntegerLayer& layer)
{
    std::vector<int32_t> result(static_cast<size_t>(filled(layer.out_count, kOutputsAtOnce)), 0);
    for (int64_t o = 0; o < layer.out_count; ++o) {
        int64_t sum = 0;
        for (int64_t k = 0; k < layer.k_count; ++k)
            sum += layer.weights[static_cast<size_t>(o * layer.k_count + k)] + 128;
        const int64_t bias = layer.bias[static_cast<size_t>(o)];
        result[static_cast<size_t>(o)] = wrapped(bias - 128 * sum + 16384 * layer.k_count);
    }
    return result;
}

std::vector<int8_t> reversed_taps(const IntegerLayer& layer)
{
    std::vector<int8_t> result = layer.weights;
    for (int64_t o = 0; o < layer.out_count; ++o)
        std::reverse(result.begin() + o * layer.k_count, result.begin() + (o + 1) * layer.k_count);
    return result;
}

std::vector<int32_t> wrapped_bias(const IntegerLayer& layer)
{
    std::vector<int32_t> result;
    for (const int64_t bias : layer.bias) result.push_back(wrapped(bias));
    return result;
}

// The arguments in, weights, bias, multipliers, shifts, per_channel, out.
std::vector<Arg> layer_args(LowerContext& c, const IntegerLayer& layer, Arg weights,
                            const std::vector<int32_t>& bias)
{
    return {c.in(0),
            std::move(weights),
            c.table(bias, "bias of " + c.node.name),
            c.table(layer.requant.multipliers, "multipliers of " + c.node.name, false),
            c.table(layer.requant.shifts, "shifts of " + c.node.name, false),
            c.key(int64_t{layer.requant.per_channel()}),
            c.out()};
}

std::vector<Arg> ending_args(LowerContext& c, const IntegerLayer& layer)
{
    return {c.number(layer.out_zero_point, "int16_t"), c.number(layer.clamp.lowest, "int16_t"),
            c.number(layer.clamp.highest, "int16_t")};
}

// Instructions of all outputs of one patch, counted from the code.
double patch_cost(const IntegerLayer& layer)
{
    const int64_t blocks = filled(layer.out_count, kOutputsAtOnce) / kOutputsAtOnce;
    return static_cast<double>(blocks * (filled(layer.k_count, kInputsAtOnce) * 27 / 2 + 40) +
                               layer.out_count * 50);
}

}  // namespace

void add_dense_armv6m(LowerContext& c, const IntegerLayer& layer, int64_t rows,
                      std::vector<Variant>& variants)
{
    const double cost =
        static_cast<double>(rows) * (static_cast<double>(5 * layer.k_count) + patch_cost(layer));
    variants.push_back({"armv6m_4x1", "armv6m", cost, [&c, &layer, rows] {
                            std::vector<Arg> args = layer_args(
                                c, layer, c.table(packed_weights(layer), c.input(1).name),
                                corrected_bias(layer));
                            const int64_t chunk = dense_chunk(layer.k_count);
                            args.push_back(c.scratch(filled(chunk, kInputsAtOnce), 4, "uint8_t*"));
                            for (const int64_t size : {rows, layer.k_count, layer.out_count, chunk})
                                args.push_back(c.number(size, "thb_index_t"));
                            args.push_back(c.key(int64_t{chunk < layer.k_count}));
                            c.call("thb_dense_s8_armv6m", joined(args, ending_args(c, layer)));
                        }});
}

void add_conv2d_armv6m(LowerContext& c, const IntegerLayer& layer, const WindowGeometry& window,
                       std::vector<Variant>& variants)
{
    const double gather = static_cast<double>(5 * layer.k_count + 25 * window.filter_h + 40);
    const double cost = static_cast<double>(window.pixels()) * (gather + patch_cost(layer));
    variants.push_back(
        {"armv6m_4x1", "armv6m", cost, [&c, &layer, window] {
             std::vector<Arg> args = layer_args(
                 c, layer, c.table(packed_weights(layer), c.input(1).name), corrected_bias(layer));
             args.push_back(c.scratch(filled(layer.k_count, kInputsAtOnce), 4, "uint8_t*"));
             args = joined(args, window_args(c, window));
             args.push_back(c.number(layer.in_zero_point, "int16_t"));
             c.call("thb_conv2d_s8_armv6m", joined(args, ending_args(c, layer)));
         }});
}

void add_depthwise_armv6m(LowerContext& c, const IntegerLayer& layer, const WindowGeometry& window,
                          std::vector<Variant>& variants)
{
    const double cost = static_cast<double>(
        window.pixels() * (layer.k_count * 12 + layer.out_count * (layer.k_count * 7 + 75)));
    variants.push_back(
        {"armv6m_taps", "armv6m", cost, [&c, &layer, window] {
             std::vector<Arg> args = layer_args(
                 c, layer, c.table(reversed_taps(layer), c.input(1).name), wrapped_bias(layer));
             args.push_back(c.scratch(layer.k_count * 4, 4, "const int8_t**"));
             args.push_back(window.padded() ? c.scratch(window.in_c, 1, "int8_t*")
                                            : c.null("int8_t*"));
             args = joined(args, window_args(c, window));
             args.push_back(c.key(window.out_c / window.in_c));
             args.push_back(c.number(layer.in_zero_point, "int16_t"));
             c.call("thb_depthwise_conv2d_s8_armv6m", joined(args, ending_args(c, layer)));
         }});
}

}  // namespace thimble
