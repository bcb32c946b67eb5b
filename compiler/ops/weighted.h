// What the layers with weights share (dense, conv2d, depthwise_conv2d, transpose_conv): the checks
// of their types and scales, and the oracle's way from an accumulator to an output.
//
// Node inputs: 0 activations, 1 weights, 2 optional bias (transpose_conv has its own order).
#pragma once

#include "numeric/reference.h"
#include "ops/op.h"

#include <vector>

namespace thimble {

// Positions of a layer's tensors among the inputs of its node.
struct WeightedInputs {
    size_t in = 0, weights = 1, bias = 2;
};

// Which input types belong together, and how many elements the bias has. Throws T0202, T0203.
//   int8 x int8, int4 with int32 bias    uint8 x uint8 with int32 bias
//   int16 x int8 with int64 bias, or one of `other_bias`   float32 x float32, float16, int8,
//   int4
void check_weighted_types(const Graph& graph, const Node& node, WeightedInputs inputs,
                          int64_t out_count, DType other_bias);
// Integer layers: scales are there, per-channel ones along `axis` of the weights, weights and bias
// are constants unless `computed_weights`, and no factor is beyond what requantisation can express.
void check_weighted_scales(const Graph& graph, const Node& node, WeightedInputs inputs,
                           int64_t axis, bool computed_weights = false);

// True when a layer with 16-bit activations has a 64-bit accumulator. `bias32`: the file asks for a
// 32-bit bias although there is none.
bool has_wide_accumulator(const Graph& graph, const Node& node, WeightedInputs inputs, bool bias32);

// Oracle: a layer of a uint8 network, whose weights have a zero point that counts.
bool is_legacy(const Graph& graph, const Node& node, size_t weights);
// in_scale * weight_scale[channel] / out_scale, as the reference does it for convolutions: in
// double, but the product of the scales in float in uint8 networks.
double reference_factor(const Graph& graph, const Node& node, WeightedInputs inputs,
                        int64_t channel);
std::vector<double> reference_factors(const EvalContext& context, WeightedInputs inputs,
                                      int64_t out_count);

// Oracle: from an accumulator to the stored output.
class ReferenceScaler {
public:
    ReferenceScaler(const EvalContext& context, const std::vector<double>& factors, int activation,
                    bool wide, int32_t out_zero_point);
    int32_t operator()(int64_t acc, int64_t channel) const;

private:
    std::vector<reference::Multiplier> multipliers_;
    reference::Clamp clamp_;
    bool wide_;
    int32_t out_zero_point_;
};

}  // namespace thimble
