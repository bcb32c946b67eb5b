// From an accumulator to the output's scale (docs/numerics.md, "Requantisation").
#include "port/thb_port.h"

// value / 2^exponent, 0 <= exponent <= 31, ties away from zero; -2^31 < value < 2^31 - 1.
// For exponent >= 1: floor((y + 2^(e-1)) / 2^e) = floor((floor(y / 2^(e-1)) + 1) / 2), y = value -
// [value < 0].
THB_KERNEL int32_t thb_rounding_shift(int32_t value, int8_t exponent)
{
    if (exponent == 0) return value;
    return (thb_shift_right(value - (value < 0 ? 1 : 0), (int8_t)(exponent - 1)) + 1) >> 1;
}

// acc * multiplier * 2^(shift - 31) with the two roundings of the reference kernels.
// multiplier in [2^30, 2^31) or 0, shift in [-31, 30].
THB_KERNEL int32_t thb_multiply(int32_t acc, int32_t multiplier, int8_t shift)
{
    if (shift > 0) return thb_high_mul((int32_t)((uint32_t)acc << shift), multiplier);
    return thb_rounding_shift(thb_high_mul(acc, multiplier), (int8_t)-shift);
}

// thb_multiply for a shift to the right by at least one: less_one = -shift - 1; |acc| < 2^30.
THB_KERNEL int32_t thb_multiply_down(int32_t acc, int32_t multiplier, int8_t less_one)
{
    const int32_t high = thb_high_mul_30(acc, multiplier);
    return (thb_shift_right(high + (high >> 31), less_one) + 1) >> 1;
}

// The same as thb_multiply for 64-bit accumulators (16-bit activations): 16-bit multiplier, one
// rounding, half up.
// multiplier in [0, 2^15), shift in [-31, 7], |acc| < 2^47.
THB_KERNEL int32_t thb_multiply64(int64_t acc, int32_t multiplier, int8_t shift)
{
    const int8_t total = (int8_t)(15 - shift);
    return (int32_t)((acc * multiplier + (INT64_C(1) << (total - 1))) >> total);
}

// Either of the two, for 16-bit activations: `wide` 1 has a 64-bit accumulator, 0 one that fits
// int32.
THB_KERNEL int32_t thb_multiply_sum(int64_t acc, int32_t multiplier, int8_t shift, int wide)
{
    return wide ? thb_multiply64(acc, multiplier, shift)
                : thb_multiply((int32_t)acc, multiplier, shift);
}

THB_KERNEL int32_t thb_clamp(int32_t value, int32_t lowest, int32_t highest)
{
    return value < lowest ? lowest : value > highest ? highest : value;
}
