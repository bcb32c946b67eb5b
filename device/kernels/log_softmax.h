// Logarithms of normalised exponentials of rows. May be in place.
#include <math.h>

#include "kernels/fixed_point.h"

// float32: out[i] = (in[i] - max) - log(sum of exp(in - max))
THB_KERNEL void thb_log_softmax_f32(const float* in, float* out, thb_index_t rows,
                                    thb_index_t count)
{
    thb_index_t n, i;
    for (n = 0; n < rows; ++n) {
        float highest = in[0];
        float sum = 0.0f;
        for (i = 1; i < count; ++i)
            if (in[i] > highest) highest = in[i];
        for (i = 0; i < count; ++i) sum += expf(in[i] - highest);
        sum = logf(sum);
        for (i = 0; i < count; ++i) out[i] = in[i] - highest - sum;
        in += count;
        out += count;
    }
}

// int8 to int8 in steps of 1/16, zero point 127:
//   out[i] = 127 + round((x[i] - log(sum of e^x)) * 16),  x[i] = (in[i] - max) * scale
//
// exps                    int32 [exp_count] in flash: e^-(d * scale) with 19 fraction bits for the
//                         differences d from 0
// multiplier, shift       from input steps to 26 fraction bits
// reverse, reverse_shift  back, to find the differences too large to be represented
// difference_min          the largest difference with five integer bits, negative
// Range: fewer than 4,096 elements a row.
THB_KERNEL void thb_log_softmax_s8(const int8_t* in, const int32_t* exps, int16_t exp_count,
                                   int8_t* out, thb_index_t rows, thb_index_t count,
                                   int32_t multiplier, int8_t shift, int32_t reverse,
                                   int8_t reverse_shift, int32_t difference_min)
{
    thb_index_t n, i;
    for (n = 0; n < rows; ++n) {
        int16_t highest = -128;
        int32_t sum = 0;
        int32_t log_sum, limit;
        for (i = 0; i < count; ++i)
            if (in[i] > highest) highest = in[i];
        for (i = 0; i < count; ++i) {
            const int16_t difference = (int16_t)(highest - in[i]);
            if (difference < exp_count) sum += THB_FLASH_S32(exps + difference);
        }
        log_sum = thb_log(sum);
        limit = thb_multiply((int32_t)((uint32_t)log_sum + UINT32_C(0x80000000)), reverse,
                             reverse_shift);
        if (limit < difference_min - 1) limit = difference_min - 1;
        for (i = 0; i < count; ++i) {
            const int32_t difference = (int32_t)in[i] - highest;
            int32_t y = -128;
            if (difference > limit) {
                y = thb_rounding_shift(thb_multiply(difference, multiplier, shift) - log_sum, 22) +
                    127;
                y = thb_clamp(y, -128, 127);
            }
            out[i] = (int8_t)y;
        }
        in += count;
        out += count;
    }
}
