// Quotients of quantized numbers.
#include "kernels/fixed_point.h"
#include "kernels/pair.h"

// (x / y) * multiplier * 2^(shift - 31) by a reciprocal, for steps |x|, |y| <= 255; 0 where x or y
// is 0.
THB_KERNEL int32_t thb_divide_steps(int16_t x, int16_t y, int32_t multiplier, int8_t shift)
{
    uint8_t zeros, headroom;
    int32_t unscaled;
    int16_t right;
    if (y == 0 || x == 0) return 0;
    if (y < 0) {
        x = (int16_t)-x;
        y = (int16_t)-y;
    }
    zeros = thb_leading_zeros((uint32_t)y);
    headroom = (uint8_t)(thb_leading_zeros((uint32_t)(int32_t)(x < 0 ? ~x : x)) - 1);
    unscaled = thb_high_mul((int32_t)((uint32_t)(int32_t)x << headroom),
                            thb_reciprocal((uint32_t)y));
    right = (int16_t)(31 - zeros + headroom - shift);
    return right > 31 ? 0 : thb_rounding_shift(thb_high_mul(unscaled, multiplier), (int8_t)right);
}

// int8: out = clamp(out_zero_point + (a - a_zero_point) / (b - b_zero_point) * factor); factor
// is multiplier * 2^(shift - 31). May be in place of an operand of the output's shape.
// Range: shift <= 22.
THB_KERNEL void thb_div_s8(const int8_t* a, int a_flash, const int8_t* b, int b_flash, int8_t* out,
                           int form, thb_index_t period, const int32_t* walk, thb_index_t count,
                           int16_t a_zero_point, int16_t b_zero_point, int32_t multiplier,
                           int8_t shift, int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int16_t x = (int16_t)(THB_LOAD_S8(a + at.a, a_flash) - a_zero_point);
        const int16_t y = (int16_t)(THB_LOAD_S8(b + at.b, b_flash) - b_zero_point);
        const int32_t scaled = thb_divide_steps(x, y, multiplier, shift);
        out[i] = (int8_t)thb_clamp(scaled + out_zero_point, lowest, highest);
        thb_pair_next(&at, form, period, walk);
    }
}
