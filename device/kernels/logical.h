// Logic of truth values, one byte each: 0 is false. All may be in place.
#include "kernels/pair.h"

// out = a and b (`both` 1), or a or b.
THB_KERNEL void thb_logical(const uint8_t* a, int a_flash, const uint8_t* b, int b_flash,
                            uint8_t* out, int form, thb_index_t period, const int32_t* walk,
                            thb_index_t count, int both)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint8_t x = THB_LOAD_U8(a + at.a, a_flash);
        const uint8_t y = THB_LOAD_U8(b + at.b, b_flash);
        out[i] = (uint8_t)((both ? x != 0 && y != 0 : x != 0 || y != 0) ? 1 : 0);
        thb_pair_next(&at, form, period, walk);
    }
}

THB_KERNEL void thb_logical_not(const uint8_t* in, int in_flash, uint8_t* out, thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) out[i] = THB_LOAD_U8(in + i, in_flash) == 0;
}
