// Products with scales that change from turn to turn.
#include "kernels/pair.h"
#include "kernels/turn.h"

// out = clamp(out_zero + multiply((a - a_zero) * (b - b_zero))), int8.
//
// single  key: 1 when the reference multiplies and divides the scales in float32, 0 in double
// down   key: see thb_scaled
// scales float32 as bits in flash, zero points int8 in flash, all of this turn
// May be in place of an operand of the output's shape.
THB_KERNEL void thb_mul_turn_s8(const int8_t* a, int a_flash, const int8_t* b, int b_flash,
                                int8_t* out, int form, thb_index_t period, const int32_t* walk,
                                thb_index_t count, int single, int down,
                                const uint32_t* a_scale, const int8_t* a_zero,
                                const uint32_t* b_scale, const int8_t* b_zero,
                                const uint32_t* out_scale, const int8_t* out_zero)
{
    const thb_scale_t sa = thb_scale(a_scale), sb = thb_scale(b_scale), so = thb_scale(out_scale);
    const int8_t za = THB_FLASH_S8(a_zero), zb = THB_FLASH_S8(b_zero);
    const int8_t zero = THB_FLASH_S8(out_zero);
    const thb_factor_t factor = thb_factor(
        thb_scale_product(sa, sb, single), so.mantissa,
        (int16_t)(sa.exponent + sb.exponent - so.exponent), single ? THB_BITS_F32 : THB_BITS_F64);
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int16_t x = (int16_t)(THB_LOAD_S8(a + at.a, a_flash) - za);
        const int16_t y = (int16_t)(THB_LOAD_S8(b + at.b, b_flash) - zb);
        out[i] = (int8_t)thb_limit_s8(thb_scaled((int32_t)x * y, factor, down) + zero);
        thb_pair_next(&at, form, period, walk);
    }
}
