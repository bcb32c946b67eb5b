// Rows over their length. May be in place.
#include <math.h>

#include "kernels/fixed_point.h"

THB_KERNEL void thb_l2_normalization_f32(const float* in, float* out, thb_index_t rows,
                                         thb_index_t count)
{
    thb_index_t n, i;
    for (n = 0; n < rows; ++n) {
        float length = 0.0f;
        for (i = 0; i < count; ++i) length += in[i] * in[i];
        length = sqrtf(length);
        if (length < 1e-6f) length = 1e-6f;
        for (i = 0; i < count; ++i) out[i] = in[i] / length;
        in += count;
        out += count;
    }
}

// int8, out in steps of 1/128. Range: rows of at most 32,768 elements, so that the sum fits.
THB_KERNEL void thb_l2_normalization_s8(const int8_t* in, int8_t* out, thb_index_t rows,
                                        thb_index_t count, int16_t in_zero_point)
{
    thb_index_t n, i;
    for (n = 0; n < rows; ++n) {
        int32_t sum = 0;
        int32_t root;
        int8_t shift;
        for (i = 0; i < count; ++i) {
            const int32_t steps = (int32_t)in[i] - in_zero_point;
            sum += steps * steps;
        }
        root = thb_inverse_root(sum, &shift);
        for (i = 0; i < count; ++i) {
            const int32_t scaled = thb_multiply((int32_t)in[i] - in_zero_point, root,
                                                (int8_t)(shift + 7));
            out[i] = (int8_t)thb_clamp(scaled, -128, 127);
        }
        in += count;
        out += count;
    }
}
