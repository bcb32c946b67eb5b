// Operators of one 8-bit tensor that become a table of 256 results (device/kernels/lookup.h).
#pragma once

#include "ops/op.h"

#include <functional>

namespace thimble {

// Emits out[i] = function(in[input][i]) for an 8-bit input and output. `function` gets the stored
// value and returns the result, which is saturated to the output's type.
void lower_lookup(LowerContext& context, const std::function<int64_t(int32_t)>& function,
                  size_t input = 0);

// The result of a real function as int8: TFLite's tables for float functions, all in float:
//   saturate(round(f(scale * (q - zero_point)) * (1 / out_scale)) + out_zero_point)
// Where the function is not a number: the least result.
int64_t real_lookup(const LowerContext& context, int32_t q,
                    const std::function<float(float)>& function, size_t input = 0);

}  // namespace thimble
