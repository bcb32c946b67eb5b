// ADD and SUB with scales that change from turn to turn (docs/numerics.md, "ADD and SUB").
#include "kernels/add.h"
#include "kernels/turn.h"

// out = clamp(out_zero + multiply(term(a) + term(b))), int8; term(a) - term(b) with `subtract` 1.
//
// The operand with the larger scale has the factor one half, exactly.
//
// single  key: 1 when the reference divides the scales in float32, 0 in double
// down    key: see thb_scaled; for the sum
// scales  float32 as bits in flash, zero points int8 in flash, all of this turn
// May be in place of an operand of the output's shape.
THB_KERNEL void thb_add_turn_s8(const int8_t* a, int a_flash, const int8_t* b, int b_flash,
                                int8_t* out, int form, thb_index_t period, const int32_t* walk,
                                thb_index_t count, int subtract, int single, int down,
                                const uint32_t* a_scale, const int8_t* a_zero,
                                const uint32_t* b_scale, const int8_t* b_zero,
                                const uint32_t* out_scale, const int8_t* out_zero)
{
    const uint8_t bits = single ? THB_BITS_F32 : THB_BITS_F64;
    const thb_scale_t sa = thb_scale(a_scale), sb = thb_scale(b_scale);
    const int8_t za = THB_FLASH_S8(a_zero), zb = THB_FLASH_S8(b_zero);
    const int8_t zero = THB_FLASH_S8(out_zero);
    const int a_larger = sa.exponent > sb.exponent ||
                         (sa.exponent == sb.exponent && sa.mantissa >= sb.mantissa);
    thb_scale_t common = a_larger ? sa : sb;
    thb_scale_t unit = thb_scale(out_scale);
    thb_factor_t term, total;
    thb_pair_t at = thb_pair_start();
    int8_t less_one;
    thb_index_t i;
    ++common.exponent;
    unit.exponent = (int16_t)(unit.exponent + 20);
    term = thb_ratio(a_larger ? sb : sa, common, bits);
    less_one = (int8_t)(-term.shift - 1);  // -1: this one is one half, too.
    total = thb_ratio(common, unit, bits);
    for (i = 0; i < count; ++i) {
        const int32_t half_a = (THB_LOAD_S8(a + at.a, a_flash) - za) * (INT32_C(1) << 19);
        const int32_t half_b = (THB_LOAD_S8(b + at.b, b_flash) - zb) * (INT32_C(1) << 19);
        const int32_t larger = a_larger ? half_a : half_b;
        int32_t smaller = a_larger ? half_b : half_a, sum;
        if (less_one >= 0) smaller = thb_multiply_down(smaller * 2, term.multiplier, less_one);
        sum = !subtract ? larger + smaller : a_larger ? larger - smaller : smaller - larger;
        sum = thb_scaled(sum, total, down);
        out[i] = (int8_t)thb_limit_s8(sum + zero);
        thb_pair_next(&at, form, period, walk);
    }
}
