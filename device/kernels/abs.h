// Magnitudes of integers; int8 is a lookup.
#include "kernels/element.h"
#include "kernels/requantize.h"

// out[i] = min(highest, zero_point + multiply(|in[i] - in_zero_point|)), `scaled` 0: without a
// factor. Integers of type key `type`; the least int32 stays as it is. May be in place.
THB_KERNEL void thb_abs_int(const void* in, int in_flash, void* out, int type, thb_index_t count,
                            int32_t in_zero_point, int scaled, int32_t multiplier, int8_t shift,
                            int32_t zero_point, int32_t highest)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t steps = thb_load_int(in, i, type, in_flash) - in_zero_point;
        int32_t y = steps < 0 ? (int32_t)(0u - (uint32_t)steps) : steps;
        if (scaled) {
            y = thb_multiply(y, multiplier, shift) + zero_point;
            if (y > highest) y = highest;
        }
        thb_store_int(out, i, type, y);
    }
}
