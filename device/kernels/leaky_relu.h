// Rectifiers with a slope below zero; the int8 form is a lookup. May be in place.
#include "kernels/requantize.h"

// out[i] = in[i] > 0 ? in[i] : in[i] * alpha
THB_KERNEL void thb_leaky_relu_f32(const float* in, int in_flash, float* out, thb_index_t count,
                                   float alpha)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const float x = THB_LOAD_F32(in + i, in_flash);
        out[i] = x > 0.0f ? x : x * alpha;
    }
}

// int16: a factor for each side; `negated` 1: the one below zero is negative, its magnitude is
// given.
THB_KERNEL void thb_leaky_relu_s16(const int16_t* in, int in_flash, int16_t* out, thb_index_t count,
                                   int32_t in_zero_point, int32_t above, int8_t above_shift,
                                   int32_t below, int8_t below_shift, int negated,
                                   int32_t out_zero_point)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t steps = THB_LOAD_S16(in + i, in_flash) - in_zero_point;
        int32_t scaled = thb_multiply(steps, steps < 0 ? below : above,
                                      steps < 0 ? below_shift : above_shift);
        if (negated && steps < 0) scaled = -scaled;
        out[i] = (int16_t)thb_clamp(scaled + out_zero_point, -32768, 32767);
    }
}
