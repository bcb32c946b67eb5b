// ADD and SUB with scales that change from turn to turn (docs/numerics.md, "ADD and SUB").
#include "kernels/add.h"
#include "kernels/turn.h"

// out = clamp(out_zero + multiply(term(a) + term(b))), int8; term(a) - term(b) with `subtract` 1.
//
// single  key: 1 when the reference divides the scales in float32, 0 in double
// scales  float32 as bits in flash, zero points int8 in flash, all of this turn
// May be in place of an operand of the output's shape.
THB_KERNEL void thb_add_turn_s8(const int8_t* a, int a_flash, const int8_t* b, int b_flash,
                                int8_t* out, int form, thb_index_t period, const int32_t* walk,
                                thb_index_t count, int subtract, int single,
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
    thb_factor_t fa, fb, fo;
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    ++common.exponent;
    unit.exponent = (int16_t)(unit.exponent + 20);
    fa = thb_ratio(sa, common, bits);
    fb = thb_ratio(sb, common, bits);
    fo = thb_ratio(common, unit, bits);
    for (i = 0; i < count; ++i) {
        const int32_t term_a = thb_add_term(THB_LOAD_S8(a + at.a, a_flash), za, 20, 0,
                                            fa.multiplier, (int8_t)-fa.shift);
        const int32_t term_b = thb_add_term(THB_LOAD_S8(b + at.b, b_flash), zb, 20, 0,
                                            fb.multiplier, (int8_t)-fb.shift);
        const int32_t sum = subtract ? term_a - term_b : term_a + term_b;
        const int32_t scaled = thb_multiply(sum, fo.multiplier, fo.shift);
        out[i] = (int8_t)thb_clamp(scaled + zero, -128, 127);
        thb_pair_next(&at, form, period, walk);
    }
}
