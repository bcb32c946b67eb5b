// Constants that lowering computes for the kernels: multipliers, clamps, folded biases.
//
// Written independently of numeric/reference.h: the oracle judges what is computed here.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <vector>

namespace thimble {

// acc -> acc * multiplier * 2^(shift - 31), as thb_multiply in device/kernels/requantize.h.
struct Requant {
    int32_t multiplier = 0;
    int8_t shift = 0;
};
Requant requant_of(double real_factor);
// The same of the mean of `count` values: 1 / count goes into the multiplier, keeping as many of
// its bits as a right shift of 31 allows. count >= 1.
Requant mean_requant_of(double real_factor, int64_t count);
// For thb_multiply64: the multiplier rounded to 15 bits.
Requant requant64_of(double real_factor);

// Tables of a layer's multipliers and shifts, one entry when all are equal.
struct RequantTables {
    std::vector<int32_t> multipliers;
    std::vector<int8_t> shifts;
    bool per_channel() const { return multipliers.size() > 1; }
};
RequantTables requant_tables(const std::vector<double>& real_factors,
                             bool wide_accumulator = false);

// Limits of the stored output after a fused activation (codes of the file format, see
// tflite_fields.h).
struct StoredClamp {
    int32_t lowest;
    int32_t highest;
};
StoredClamp stored_clamp(int activation, const Tensor& output);
struct RealClamp {
    float lowest;
    float highest;
};
RealClamp real_clamp(int activation);
StoredClamp limits_of(DType type);

// Greatest |bias + sum of weights * inputs| over all inputs in [lowest, highest].
int64_t accumulator_bound(int64_t bias, const int8_t* weights, int64_t count, int64_t stride,
                          int64_t lowest, int64_t highest);

}  // namespace thimble
