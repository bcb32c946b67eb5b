// From an accumulator to an int8 output with the DSP instructions of Armv7E-M.
//
// THB_SCALE_FAST: five instructions, for a layer whose channels all shift right:
//   H = (twice * multiplier + 2^31) >> 32          SMMULR; twice = 2 * acc, so H is thb_high_mul
//   out = (H - (H < 0) + offset) >> exponent       offset = 2^(exponent - 1) + zero_point *
//   2^exponent
// which is thb_rounding_shift (ties away from zero) plus the zero point: for H < 0 the -1 turns
// "half up" into "half down", and a multiple of 2^exponent passes through the shift unchanged.
// The compiler has proven |acc| < 2^30 and that no sum leaves int32.
//
// THB_SCALE_EXACT: thb_multiply, any multiplier and shift.
//
// Records of three words per channel: {multiplier, offset, exponent} or {multiplier, zero point,
// shift}.
#include "kernels/requantize.h"

#define THB_SCALE_FAST 0
#define THB_SCALE_EXACT 1

// Round(a * b / 2^32), ties toward +infinity.
THB_KERNEL int32_t thb_smmulr(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

THB_KERNEL int32_t thb_saturate_s8(int32_t value)
{
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
}

// `twice` is 2 * acc; `full_range` 1: the clamp is the type's.
THB_KERNEL int8_t thb_scale_dsp(int32_t twice, int32_t multiplier, int32_t offset, int32_t exponent,
                                int form, int full_range, int32_t lowest, int32_t highest)
{
    int32_t value;
    if (form == THB_SCALE_FAST) {
        value = thb_smmulr(twice, multiplier);
        value = (value + (value >> 31) + offset) >> exponent;
    } else {
        value = thb_multiply(twice >> 1, multiplier, (int8_t)exponent) + offset;
    }
    if (full_range) return (int8_t)thb_saturate_s8(value);
    return (int8_t)thb_clamp(value, lowest, highest);
}

// Scales with the record at `scale` and stores; for kernels that have the other names in scope.
#define THB_STORE_SCALED(place, twice, scale)                                                      \
    (place) = thb_scale_dsp((twice), (scale)[0], (scale)[1], (scale)[2], form, full_range, lowest, \
                            highest)
