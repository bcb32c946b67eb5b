// Rounding of constants: scales of weights and biases, and the rounding itself.
#pragma once

#include "ir/graph.h"

#include <span>
#include <vector>

namespace thimble {

// Symmetric scales of weights, one for each index of `axis` (-1: one for all), for int8 or int4.
// For int4, and for a whole matrix, the scale with the smallest squared error, which may cut off
// the greatest weights.
// `bias` and `in_scale`: scales are widened where the bias would not fit 31 bits.
Quantization weight_scales(const Tensor& weights, int64_t axis, DType type,
                           std::span<const float> bias, float in_scale);
// Steps of the input's scale times the weights'.
Quantization bias_scales(const Quantization& weights, float in_scale);

// A float constant as `type` at the scales of `quant`; as float16 or float32 without scales.
std::vector<uint8_t> rounded(const Tensor& constant, DType type, const Quantization& quant);
uint16_t float16_bits(float value);

}  // namespace thimble
