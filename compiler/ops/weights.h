// What lowering of layers with weights shares: weights, biases and zero points folded into tables.
#pragma once

#include "numeric/requantize.h"
#include "ops/lower.h"

#include <vector>

namespace thimble {

// An integer layer ready to be written: out[o] = clamp(out_zero_point + multiply(bias[o] + sum_k
// in[k] * w[o][k])). Everything constant is folded into the bias:
//   bias[o] = file bias[o] - in_zero_point * sum_k (w[o][k] - weight_zero_point)
struct IntegerLayer {
    int64_t out_count = 0, k_count = 0;
    std::vector<int8_t> weights;  // [o][k], one byte each, also for int4
    bool nibbles = false;         // every weight fits 4 bits, as in the file
    std::vector<int64_t> bias;
    int32_t in_zero_point = 0;
    int32_t weight_zero_point = 0;  // not foldable: the kernel subtracts it (0 but for old models)
    int32_t out_zero_point = 0;
    RequantTables requant;
    StoredClamp clamp = {0, 0};
    bool wide_multiply = false;  // 16-bit activations with a 64-bit bias
    // No sum of products can leave int32, whatever the input.
    bool sums_fit_int32() const;
    bool bias_fits_int32() const;
};

struct IntegerLayerOptions {
    size_t in = 0, weights = 1, bias = 2;  // node inputs
    int64_t out_count = 0, k_count = 0;
    std::vector<double> factors;  // in_scale * weight_scale / out_scale, one per output
    int activation = 0;
    bool transposed = false;             // the node's weights are [k][o]
    bool use_weight_zero_point = false;  // int8 weights: dense has one, convolutions ignore it
    bool fold_in_zero_point = true;      // false: the kernel subtracts it
    bool wide_multiply = false;
};
// For constant int8 or int4 weights.
IntegerLayer integer_layer(const LowerContext& context, const IntegerLayerOptions& options);
// The factors of a convolution: in_scale * weight_scale[o] / out_scale in double; the product of
// the scales is a float product in uint8 networks.
std::vector<double> channel_factors(const LowerContext& context, size_t in, size_t weights,
                                    int64_t out_count);

// The leading arguments of the integer kernels, in their order:
//   int8:  in, weights, format, bias, multipliers, shifts, per_channel, out
//   int16: in, weights, format, bias, wide_bias, wide_sum, multipliers, shifts, per_channel,
//   wide_multiply, out
std::vector<Arg> layer_args_s8(LowerContext& context, const IntegerLayer& layer, size_t in = 0,
                               size_t weights = 1);
std::vector<Arg> layer_args_s16(LowerContext& context, const IntegerLayer& layer, size_t in = 0,
                                size_t weights = 1);

// Constant or computed weights of a float layer, in the smallest form that flash allows.
struct FloatWeights {
    Arg data;         // "const void*"
    Arg format;       // key THB_WEIGHTS_*
    Arg scales;       // "const float*", null for float formats
    Arg per_channel;  // key
};
FloatWeights float_weights(LowerContext& context, size_t input);
// The leading arguments of the float kernels:
//   in, weights, format, weights_flash, scales, per_channel, bias, bias_flash, out
std::vector<Arg> layer_args_f32(LowerContext& context, size_t in = 0, size_t weights = 1,
                                size_t bias = 2);

// Two elements a byte, the even one in the low nibble.
std::vector<uint8_t> pack_int4(std::span<const int8_t> values);

}  // namespace thimble
