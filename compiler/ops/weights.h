// What lowering of conv-like layers shares: weights, biases and zero points folded into tables.
#pragma once

#include "ops/lower.h"

#include <vector>

namespace thimble {

// int8 weights [o][k] with everything constant folded into the bias:
//   bias[o] = file bias[o] - in_zero_point * sum_k (w[o][k] - weight_zero_point)
// `weights` are as stored in the file (int4 widened), never transposed.
struct FoldedWeights {
    std::vector<int8_t> weights;
    std::vector<int32_t> bias;
    int32_t weight_zero_point = 0;  // not foldable: the kernel subtracts it (0 but for old models)
};
// For node inputs 0 (activations), 1 (constant weights), 2 (optional int32 bias).
FoldedWeights fold_weights(const LowerContext& context, int64_t out_count, int64_t k_count);

// Constant or computed weights of a float layer, in the smallest form that flash allows.
struct FloatWeights {
    Arg data;         // "const void*"
    Arg format;       // key THB_WEIGHTS_*
    Arg scales;       // "const float*", null for float formats
    Arg per_channel;  // key
};
FloatWeights float_weights(LowerContext& context, size_t input);

// Two elements a byte, the even one in the low nibble.
std::vector<uint8_t> pack_int4(std::span<const int8_t> values);

}  // namespace thimble
