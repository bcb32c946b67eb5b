// One step of a dense layer over a sequence: running sums (own form; see
// compiler/ops/dense_sum.h).
#include "kernels/dot.h"

// out[o] = sums[o] + sum_i (in[i] - zero) * weights[o][i]
//
// in       int8  [i]      as stored
// in_zero  int8           in flash; null: zero is -128
// weights  int8  [o][i]   of this step, in flash
// sums     int32 [o]      out may be the same memory; with the key `optional` 1 it may be null: 0
// Range: the compiler has proven that no sum leaves int32, in any step.
THB_KERNEL void thb_dense_accumulate_s8(const int8_t* in, const int8_t* in_zero,
                                        const int8_t* weights, int optional, const int32_t* sums,
                                        int32_t* out, thb_index_t in_count, thb_index_t out_count)
{
    const int16_t zero = in_zero ? THB_FLASH_S8(in_zero) : -128;
    thb_index_t o, i;
    for (o = 0; o < out_count; ++o) {
        int32_t acc = optional && !sums ? 0 : sums[o];
        for (i = 0; i < in_count; ++i) {
            // At most 255 * 128: fits an int of 16 bits.
            acc += (in[i] - zero) * THB_FLASH_S8(weights);
            ++weights;
        }
        out[o] = acc;
    }
}

// The same in float32, as it is; weights of any THB_WEIGHTS_* of float_weights.h in flash.
//
// scales  float [o] or [1] in flash, for integer formats; per_channel says which
THB_KERNEL void thb_dense_accumulate_f32(const float* in, const void* weights, int format,
                                         const float* scales, int per_channel, const float* sums,
                                         float* out, thb_index_t in_count, thb_index_t out_count)
{
    thb_index_t o;
    size_t at = 0;
    for (o = 0; o < out_count; ++o) {
        if (THB_WEIGHTS_SCALED(format)) {
            const float acc = thb_dot_f32(0.0f, in, weights, at, format, 1, in_count);
            out[o] = sums[o] + acc * THB_FLASH_F32(scales + (per_channel ? o : 0));
        } else {
            out[o] = thb_dot_f32(sums[o], in, weights, at, format, 1, in_count);
        }
        at += (size_t)in_count;
    }
}
