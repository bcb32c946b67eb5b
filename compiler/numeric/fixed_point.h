// The fixed-point functions of the reference kernels, for lowering: what becomes a table on the
// device.
//
// Written independently of numeric/reference.h, which judges the tables computed here. All numbers
// are raw int32; "Qk" says how many integer bits a number has, the other 31 - k are the fraction.
#pragma once

#include "numeric/requantize.h"

#include <cstdint>

namespace thimble::fixed {

// x * multiplier * 2^(shift - 31) as thb_multiply computes it on the device.
int32_t scaled(int64_t x, Requant requant);
// value / 2^exponent, ties away from zero.
int64_t divided_by_power(int64_t value, int exponent);
// Q0 of e^a for a <= 0 in Q(integer_bits).
int32_t exponential(int32_t a, int integer_bits);
// Q0 of 1 / (1 + e^-a) and of tanh(a), a in Q(integer_bits).
int32_t sigmoid(int32_t a, int integer_bits);
int32_t hyperbolic_tangent(int32_t a, int integer_bits);
// 1 / sqrt(v) ~ value * 2^shift / 2^31, v >= 1.
struct Root {
    int32_t value;
    int shift;
};
Root inverse_root(int32_t v);

}  // namespace thimble::fixed
