// To the stored integers of a scale and a zero point.
#include "kernels/element.h"
#include "kernels/requantize.h"

// float32 to integers of type key `type`:
//   out[i] = zero_point + clamp(round(in[i] / scale), lowest, highest)
//
// Rounds halves away from zero. lowest, highest: the type's limits less the zero point. May be in
// place.
THB_KERNEL void thb_quantize_f32(const float* in, int in_flash, void* out, int type,
                                 thb_index_t count, float scale, int32_t lowest, int32_t highest,
                                 int32_t zero_point)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const float steps = THB_LOAD_F32(in + i, in_flash) / scale;
        int32_t q;
        if (!(steps < 2147483648.0f)) {
            q = highest;
        } else if (steps < -2147483648.0f) {
            q = lowest;
        } else {
            const int32_t whole = (int32_t)steps;
            const float rest =
                steps - (float)whole;  // Exact: both have the same exponent or rest is a fraction.
            q = thb_clamp(whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0), lowest,
                          highest);
        }
        thb_store_int(out, i, type, q + zero_point);
    }
}

// Integers to integers of another scale, type keys `in_type` and `out_type`:
//   out[i] = zero_point + clamp(multiply(in[i] - in_zero_point), lowest, highest)
//
// lowest, highest: the limits of the output's type less its zero point. May be in place when the
// output's elements are not longer than the input's.
THB_KERNEL void thb_quantize_int(const void* in, int in_flash, int in_type, void* out, int out_type,
                                 thb_index_t count, int32_t in_zero_point, int32_t multiplier,
                                 int8_t shift, int32_t lowest, int32_t highest, int32_t zero_point)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint32_t steps = (uint32_t)thb_load_int(in, i, in_type, in_flash) -
                               (uint32_t)in_zero_point;
        const int32_t q = thb_clamp(thb_multiply((int32_t)steps, multiplier, shift), lowest,
                                    highest);
        thb_store_int(out, i, out_type, q + zero_point);
    }
}

// Between int8 and uint8 of one scale, zero points 128 apart: only the top bit differs. May be in
// place.
THB_KERNEL void thb_quantize_flip(const void* in, int in_flash, void* out, thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i)
        ((uint8_t*)out)[i] = (uint8_t)(THB_LOAD_U8((const uint8_t*)in + i, in_flash) ^ 0x80u);
}
