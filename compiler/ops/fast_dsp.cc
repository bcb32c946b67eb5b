// Variants with the DSP instructions of Armv7E-M (device/arch/dsp): proofs, packing, calls.
#include "ops/fast_variants.h"

#include "numeric/short_requant.h"

#include <algorithm>

namespace thimble {

namespace {

// What the kernels need to know of a layer's outputs, proven.
struct DspScales {
    bool fast = true;              // THB_SCALE_FAST
    std::vector<int32_t> records;  // three words per channel, or for all
};

// A layer whose channels without weights are constants: pruned networks have them, often with
// biases so large that no proof about sums would hold. Their sum becomes 0 and their zero point the
// output.
struct DspLayer : IntegerLayer {
    std::vector<int64_t> zero_points;  // per entry of requant
};

bool is_constant_channel(const IntegerLayer& layer, int64_t o)
{
    const auto first = layer.weights.begin() + o * layer.k_count;
    return std::all_of(first, first + layer.k_count, [](int8_t w) { return w == 0; });
}

DspLayer with_constant_channels(const IntegerLayer& plain)
{
    DspLayer layer = {plain, {}};
    std::vector<int64_t> constant;
    for (int64_t o = 0; o < layer.out_count; ++o)
        if (is_constant_channel(layer, o)) constant.push_back(o);
    if (!constant.empty() && !layer.requant.per_channel()) {
        layer.requant.multipliers.resize(static_cast<size_t>(layer.out_count),
                                         layer.requant.multipliers[0]);
        layer.requant.shifts.resize(static_cast<size_t>(layer.out_count), layer.requant.shifts[0]);
    }
    layer.zero_points.assign(layer.requant.multipliers.size(), layer.out_zero_point);
    for (const int64_t o : constant) {
        const size_t i = static_cast<size_t>(o);
        const Requant exact = {layer.requant.multipliers[i], layer.requant.shifts[i]};
        layer.zero_points[i] =
            exact_output(exact, layer.out_zero_point, layer.clamp, layer.bias[i]);
        layer.bias[i] = 0;
        layer.requant.multipliers[i] = 0;
    }
    return layer;
}

// Greatest |folded bias + sum| of one output, over all stored int8 inputs. Padding counts as the
// zero point, which is one of them.
int64_t bound_of(const IntegerLayer& layer, int64_t o)
{
    const size_t channel = static_cast<size_t>(o);
    const int8_t* weights = layer.weights.data() + o * layer.k_count;
    return accumulator_bound(layer.bias[channel], weights, layer.k_count, 1, INT8_MIN, INT8_MAX);
}

DspScales scales_of(const DspLayer& layer, int64_t largest)
{
    DspScales scales;
    for (size_t i = 0; i < layer.requant.multipliers.size(); ++i) {
        const bool dead = layer.requant.multipliers[i] == 0;
        const int exponent = dead ? 1 : -layer.requant.shifts[i];
        // H is at most as large as the accumulator.
        const bool fits = exponent >= 1 && exponent <= 22 &&
                          largest + (int64_t{1} << (exponent - 1)) +
                                  (std::abs(layer.zero_points[i]) << exponent) + 1 <=
                              INT32_MAX;
        scales.fast = scales.fast && fits;
    }
    for (size_t i = 0; i < layer.requant.multipliers.size(); ++i) {
        const int32_t multiplier = layer.requant.multipliers[i];
        const int64_t zero_point = layer.zero_points[i];
        const int exponent = multiplier == 0 ? 1 : -layer.requant.shifts[i];
        const int64_t offset =
            scales.fast ? (int64_t{1} << (exponent - 1)) + zero_point * (int64_t{1} << exponent)
                        : zero_point;
        scales.records.insert(scales.records.end(),
                              {multiplier, static_cast<int32_t>(offset),
                               scales.fast ? exponent : layer.requant.shifts[i]});
    }
    return scales;
}

// A pair of outputs, as dot_dsp.h describes it.
struct PairProof {
    bool holds = true;
    int64_t largest = 0;  // of all accumulators
};

PairProof prove_pairs(const IntegerLayer& layer)
{
    PairProof proof;
    for (int64_t o = 0; o < layer.out_count; ++o) {
        const int64_t bound = bound_of(layer, o);
        proof.largest = std::max(proof.largest, bound);
        // The second of a pair is recovered from the upper 24 bits; all are doubled before scaling.
        if (bound >= (o % 2 == 1 ? int64_t{1} << 23 : int64_t{1} << 30)) proof.holds = false;
    }
    for (int64_t o = 0; o + 1 < layer.out_count; o += 2) {
        for (int64_t k = 0; k < layer.k_count; ++k) {
            const int u = layer.weights[static_cast<size_t>(o * layer.k_count + k)];
            const int v = layer.weights[static_cast<size_t>((o + 1) * layer.k_count + k)];
            if (256 * v + u < INT16_MIN) proof.holds = false;
        }
    }
    return proof;
}

// The weights of outputs o and o + 1 for input k as one halfword; zero beyond the layer's sizes.
uint32_t pair_at(const IntegerLayer& layer, int64_t o, int64_t k)
{
    const auto weight = [&](int64_t output) {
        const bool exists = output < layer.out_count && k < layer.k_count;
        return exists ? int{layer.weights[static_cast<size_t>(output * layer.k_count + k)]} : 0;
    };
    return static_cast<uint32_t>(256 * weight(o + 1) + weight(o)) & 0xFFFF;
}

uint32_t pair_word(const IntegerLayer& layer, int64_t o, int64_t k)
{
    return pair_at(layer, o, k) | pair_at(layer, o, k + 2) << 16;
}

// Words in the order of THB_DOT_2X2_GROUP (pairs = 1) or THB_DOT_4X1_GROUP (pairs = 2).
std::vector<uint32_t> packed_weights(const IntegerLayer& layer, int64_t pairs)
{
    std::vector<uint32_t> words;
    for (int64_t o = 0; o < layer.out_count; o += 2 * pairs)
        for (int64_t k = 0; k < layer.k_count; k += 4)
            for (int64_t half = 0; half < 2; ++half)
                for (int64_t pair = 0; pair < pairs; ++pair)
                    words.push_back(pair_word(layer, o + 2 * pair, k + half));
    return words;
}

// Per pair the starts of S and T: u and u + 256 * v, modulo 2^32.
std::vector<int32_t> packed_bias(const IntegerLayer& layer, int64_t pairs)
{
    std::vector<int32_t> words;
    const auto bias = [&](int64_t o) {
        return o < layer.out_count ? static_cast<uint32_t>(layer.bias[static_cast<size_t>(o)]) : 0u;
    };
    const int64_t filled = (layer.out_count + 2 * pairs - 1) / (2 * pairs) * (2 * pairs);
    for (int64_t o = 0; o < filled; o += 2) {
        words.push_back(static_cast<int32_t>(bias(o)));
        words.push_back(static_cast<int32_t>(bias(o) + (bias(o + 1) << 8)));
    }
    return words;
}

// The arguments from weights to `form`, which all kernels of the set share.
std::vector<Arg> layer_args(LowerContext& c, const IntegerLayer& layer, const DspScales& scales,
                            const std::vector<uint32_t>& weights, const std::vector<int32_t>& bias)
{
    return {c.in(0),
            c.table(weights, c.input(1).name),
            c.table(bias, "bias of " + c.node.name),
            c.table(scales.records, "multipliers of " + c.node.name, false),
            c.key(int64_t{layer.requant.per_channel()}),
            c.key_text(scales.fast ? "THB_SCALE_FAST" : "THB_SCALE_EXACT"),
            c.out()};
}

std::vector<Arg> layer_args(LowerContext& c, const IntegerLayer& layer, const DspScales& scales,
                            int64_t pairs)
{
    return layer_args(c, layer, scales, packed_weights(layer, pairs), packed_bias(layer, pairs));
}

std::vector<int32_t> folded_bias(const IntegerLayer& layer)
{
    return {layer.bias.begin(), layer.bias.end()};
}

std::vector<Arg> clamp_args(LowerContext& c, const IntegerLayer& layer)
{
    const bool full = layer.clamp.lowest == INT8_MIN && layer.clamp.highest == INT8_MAX;
    return {c.key(int64_t{full}), c.number(layer.clamp.lowest, "int16_t"),
            c.number(layer.clamp.highest, "int16_t")};
}

int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

}  // namespace

std::optional<PairedWeights> paired_weights(const IntegerLayer& layer)
{
    if (!prove_pairs(layer).holds) return std::nullopt;
    return PairedWeights{packed_weights(layer, 2), packed_bias(layer, 2)};
}

void add_dense_dsp(LowerContext& c, const IntegerLayer& plain, int64_t rows,
                   std::vector<Variant>& variants)
{
    const DspLayer layer = with_constant_channels(plain);
    const PairProof proof = prove_pairs(layer);
    if (!proof.holds) return;
    const int64_t groups = divide_up(layer.k_count, 4);
    const DspScales scales = scales_of(layer, proof.largest);
    const auto call = [&c, layer, scales, rows](const char* kernel, int64_t rows_at_once) {
        std::vector<Arg> args = layer_args(c, layer, scales, rows_at_once == 1 ? 2 : 1);
        const int64_t chunk = rows_at_once == 1 ? dense_chunk(layer.k_count) : layer.k_count;
        args.push_back(c.scratch(divide_up(chunk, 4) * 8 * rows_at_once, 4, "int32_t*"));
        for (const int64_t size : {rows, layer.k_count, layer.out_count})
            args.push_back(c.number(size, "thb_index_t"));
        if (rows_at_once == 1) {
            args.push_back(c.number(chunk, "thb_index_t"));
            args.push_back(c.key(int64_t{chunk < layer.k_count}));
        }
        c.call(kernel, joined(args, clamp_args(c, layer)));
    };
    // Instructions, counted from the code: expansion, products, scaling.
    const double one = static_cast<double>(
        rows * (8 * groups + divide_up(layer.out_count, 4) * (groups * 15 + 70)));
    const double two =
        static_cast<double>(divide_up(rows, 2) *
                            (9 * groups + 20 + divide_up(layer.out_count, 2) * (groups * 13 + 50)));
    variants.push_back({"dsp_4x1", "dsp", one, [=] { call("thb_dense_s8_dsp", 1); }});
    // For a single row it would only add a second instance.
    if (rows > 1)
        variants.push_back({"dsp_2x2", "dsp", two, [=] { call("thb_dense_rows_s8_dsp", 2); }});
}

void add_conv2d_dsp(LowerContext& c, const IntegerLayer& plain, const WindowGeometry& window,
                    std::vector<Variant>& variants)
{
    const DspLayer layer = with_constant_channels(plain);
    const PairProof proof = prove_pairs(layer);
    if (!proof.holds) return;
    const DspScales scales = scales_of(layer, proof.largest);
    const int64_t groups = divide_up(layer.k_count, 4);
    const bool whole_words = window.filter_w * window.in_c % 4 == 0 && window.dilation_w == 1;
    const double gather = static_cast<double>((whole_words ? 10 : 25) * groups + 40);
    const double cost =
        static_cast<double>(divide_up(window.pixels(), 2)) *
        (gather + static_cast<double>(divide_up(window.out_c, 2) * (groups * 13 + 50)));
    variants.push_back({"dsp_2x2", "dsp", cost, [&c, layer, scales, window, groups, whole_words] {
                            std::vector<Arg> args = layer_args(c, layer, scales, 1);
                            args.push_back(c.scratch(groups * 16, 4, "int32_t*"));
                            const bool patches = !whole_words || window.padded();
                            args.push_back(patches ? c.scratch(layer.k_count * 2, 4, "int8_t*")
                                                   : c.null("int8_t*"));
                            args = joined(args, window_args(c, window));
                            args.push_back(c.key(int64_t{whole_words}));
                            args.push_back(c.number(layer.in_zero_point, "int16_t"));
                            c.call("thb_conv2d_s8_dsp", joined(args, clamp_args(c, layer)));
                        }});
}

// int16 weights of four channels, as THB_TAP_4 reads them.
static std::vector<uint32_t> packed_taps(const IntegerLayer& layer)
{
    std::vector<uint32_t> words;
    const auto weight = [&](int64_t channel, int64_t tap) {
        return static_cast<uint32_t>(
                   layer.weights[static_cast<size_t>(channel * layer.k_count + tap)]) &
               0xFFFF;
    };
    for (int64_t o = 0; o < layer.out_count; o += 4)
        for (int64_t tap = 0; tap < layer.k_count; ++tap)
            for (int64_t odd = 0; odd < 2; ++odd)
                words.push_back(weight(o + odd, tap) | weight(o + 2 + odd, tap) << 16);
    return words;
}

void add_depthwise_dsp(LowerContext& c, const IntegerLayer& plain, const WindowGeometry& window,
                       std::vector<Variant>& variants)
{
    if (window.in_c != window.out_c || window.in_c % 4 != 0) return;
    const DspLayer layer = with_constant_channels(plain);
    int64_t largest = 0;
    for (int64_t o = 0; o < layer.out_count; ++o) largest = std::max(largest, bound_of(layer, o));
    // Sums are doubled before they are scaled.
    if (largest >= int64_t{1} << 30) return;
    const DspScales scales = scales_of(layer, largest);
    const double cost =
        static_cast<double>(window.pixels() * (layer.k_count * 9 + 20)) +
        static_cast<double>(window.pixels() * layer.out_count / 4 * (layer.k_count * 9 + 50));
    variants.push_back(
        {"dsp_4", "dsp", cost, [&c, layer, scales, window] {
             std::vector<Arg> args =
                 layer_args(c, layer, scales, packed_taps(layer), folded_bias(layer));
             args.push_back(c.scratch(layer.k_count * 4, 4, "const int8_t**"));
             args.push_back(window.padded() ? c.scratch(window.in_c, 4, "int8_t*")
                                            : c.null("int8_t*"));
             args = joined(args, window_args(c, window));
             args.push_back(c.number(layer.in_zero_point, "int16_t"));
             c.call("thb_depthwise_conv2d_s8_dsp", joined(args, clamp_args(c, layer)));
         }});
}

}  // namespace thimble
