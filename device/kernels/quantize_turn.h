// From one int8 scale to another, both of which may change from turn to turn.
#include "kernels/turn.h"

// out = clamp(out_zero + multiply(in - in_zero)); scales float32 as bits in flash, zero points int8
// in flash, all of this turn. May be in place.
THB_KERNEL void thb_quantize_turn_s8(const int8_t* in, int in_flash, int8_t* out,
                                     thb_index_t count, const uint32_t* in_scale,
                                     const int8_t* in_zero, const uint32_t* out_scale,
                                     const int8_t* out_zero)
{
    const thb_factor_t factor = thb_ratio(thb_scale(in_scale), thb_scale(out_scale), THB_BITS_F64);
    const int8_t from = THB_FLASH_S8(in_zero), to = THB_FLASH_S8(out_zero);
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t scaled = thb_multiply(THB_LOAD_S8(in + i, in_flash) - from,
                                            factor.multiplier, factor.shift);
        out[i] = (int8_t)thb_limit_s8(scaled + to);
    }
}
