// Faster kernels than the portable ones for layers with constant int8 weights. Each function
// appends the variants that the layer allows: ranges proven, sizes fitting. The target's kernel
// sets and the cost decide in LowerContext::choose. One file per kernel set: fast_dsp.cc,
// fast_armv6m.cc, fast_rv32.cc, fast_avr.cc.
#pragma once

#include "ops/weights.h"
#include "ops/window.h"

#include <optional>
#include <vector>

namespace thimble {

// Inputs of a dense layer that are prepared at once: long rows go in parts, so that the scratch
// does not outgrow the layer's own tensors.
constexpr int64_t kDenseInputsMax = 1024;
constexpr int64_t kDenseChunk = 256;
inline int64_t dense_chunk(int64_t in_count)
{
    return in_count > kDenseInputsMax ? kDenseChunk : in_count;
}

// Dense layers: `rows` of node input 0 times the layer's weights.
void add_dense_variants(LowerContext& context, const IntegerLayer& layer, int64_t rows,
                        std::vector<Variant>& variants);
void add_dense_dsp(LowerContext& context, const IntegerLayer& layer, int64_t rows,
                   std::vector<Variant>& variants);
void add_dense_armv6m(LowerContext& context, const IntegerLayer& layer, int64_t rows,
                      std::vector<Variant>& variants);
void add_dense_rv32(LowerContext& context, const IntegerLayer& layer, int64_t rows,
                    std::vector<Variant>& variants);
void add_dense_avr(LowerContext& context, const IntegerLayer& layer, int64_t rows,
                   std::vector<Variant>& variants);

// The weights and starts of sums that thb_dot_4x1 (device/arch/dsp/dot_dsp.h) takes for the layer's
// outputs, four at a time; nothing where the pairs cannot be parted again.
struct PairedWeights {
    std::vector<uint32_t> weights;
    std::vector<int32_t> bias;
};
std::optional<PairedWeights> paired_weights(const IntegerLayer& layer);

// Convolutions with one group; the layer's weights are [o][filter_h][filter_w][c].
void add_conv2d_variants(LowerContext& context, const IntegerLayer& layer,
                         const WindowGeometry& window, std::vector<Variant>& variants);
void add_conv2d_dsp(LowerContext& context, const IntegerLayer& layer, const WindowGeometry& window,
                    std::vector<Variant>& variants);
void add_conv2d_armv6m(LowerContext& context, const IntegerLayer& layer,
                       const WindowGeometry& window, std::vector<Variant>& variants);
void add_conv2d_rv32(LowerContext& context, const IntegerLayer& layer,
                     const WindowGeometry& window, std::vector<Variant>& variants);
void add_conv2d_avr(LowerContext& context, const IntegerLayer& layer, const WindowGeometry& window,
                    std::vector<Variant>& variants);

// Depthwise convolutions; the layer's weights are [o][filter_h][filter_w].
void add_depthwise_variants(LowerContext& context, const IntegerLayer& layer,
                            const WindowGeometry& window, std::vector<Variant>& variants);
void add_depthwise_dsp(LowerContext& context, const IntegerLayer& layer,
                       const WindowGeometry& window, std::vector<Variant>& variants);
void add_depthwise_armv6m(LowerContext& context, const IntegerLayer& layer,
                          const WindowGeometry& window, std::vector<Variant>& variants);
void add_depthwise_rv32(LowerContext& context, const IntegerLayer& layer,
                        const WindowGeometry& window, std::vector<Variant>& variants);

}  // namespace thimble
