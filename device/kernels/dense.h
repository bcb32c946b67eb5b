// Fully connected layers, one row of weights per output (source: Jacob et al. 2018,
// arXiv:1712.05877, equation 7).
//
// Everything that is constant is folded on the host: bias holds the layer's bias minus the input
// zero point times the row's weight sum. Batches are rows of the input.
#include "kernels/dot.h"
#include "kernels/requantize.h"

// int8 activations, int8 or int4 weights:
//   out[n][o] = clamp(out_zero_point + multiply(bias[o] + sum_i in[n][i] * weights[o][i]))
//
// in           int8  [n][i]   as stored
// weights      [o][i] in flash, see dot.h for `format` and the weights' zero point
// bias         int32 [o]      in flash
// multipliers  int32 [o] or [1], shifts int8 likewise; per_channel 1 or 0 says which
// out          int8  [n][o]   must not overlap `in`
// Range: the compiler has proven that every partial sum fits int32.
THB_KERNEL void thb_dense_s8(const int8_t* in, const void* weights, int format, const int32_t* bias,
                             const int32_t* multipliers, const int8_t* shifts, int per_channel,
                             int8_t* out, thb_index_t rows, thb_index_t in_count,
                             thb_index_t out_count, int16_t weight_zero_point,
                             int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    thb_index_t n, o;
    for (n = 0; n < rows; ++n) {
        size_t at = 0;
        for (o = 0; o < out_count; ++o) {
            const thb_index_t channel = per_channel ? o : 0;
            int32_t acc = thb_dot_s8(THB_FLASH_S32(bias + o), in, weights, at, format,
                                     weight_zero_point, in_count);
            acc = thb_multiply(acc, THB_FLASH_S32(multipliers + channel),
                               THB_FLASH_S8(shifts + channel));
            *out++ = (int8_t)thb_clamp(acc + out_zero_point, lowest, highest);
            at += (size_t)in_count;
        }
        in += in_count;
    }
}

// int16 activations, int8 weights; the rest as above.
//
// bias           int32 or int64 [o] in flash (wide_bias)
// wide_sum       0: the compiler has proven that the products of one row sum up within int32
// wide_multiply  1: multiply is thb_multiply64 (the layer has a 64-bit bias), 0: thb_multiply
THB_KERNEL void thb_dense_s16(const int16_t* in, const void* weights, int format, const void* bias,
                              int wide_bias, int wide_sum, const int32_t* multipliers,
                              const int8_t* shifts, int per_channel, int wide_multiply,
                              int16_t* out, thb_index_t rows, thb_index_t in_count,
                              thb_index_t out_count, int16_t weight_zero_point,
                              int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    thb_index_t n, o;
    for (n = 0; n < rows; ++n) {
        size_t at = 0;
        for (o = 0; o < out_count; ++o) {
            const thb_index_t channel = per_channel ? o : 0;
            const int64_t acc = thb_dot_s16(thb_bias(bias, o, wide_bias), in, weights, at, format,
                                            weight_zero_point, in_count, wide_sum);
            const int32_t scaled = thb_multiply_sum(acc, THB_FLASH_S32(multipliers + channel),
                                                    THB_FLASH_S8(shifts + channel), wide_multiply);
            *out++ = (int16_t)thb_clamp(scaled + out_zero_point, lowest, highest);
            at += (size_t)in_count;
        }
        in += in_count;
    }
}

// float32 activations; weights are float32, float16, int8 or int4 with a scale (docs/numerics.md,
// "Hybrid").
//   out[n][o] = clamp(bias[o] + scale[o] * sum_i in[n][i] * weights[o][i])
//
// format        THB_WEIGHTS_* of float_weights.h; weights_flash 1: a table, 0: RAM
// scales        float [o] or [1], in flash, for integer formats; bias float [o] in flash
THB_KERNEL void thb_dense_f32(const float* in, const void* weights, int format, int weights_flash,
                              const float* scales, int per_channel, const float* bias,
                              int bias_flash, float* out, thb_index_t rows, thb_index_t in_count,
                              thb_index_t out_count, float lowest, float highest)
{
    thb_index_t n, o;
    for (n = 0; n < rows; ++n) {
        size_t at = 0;
        for (o = 0; o < out_count; ++o) {
            float acc = thb_dot_f32(0.0f, in, weights, at, format, weights_flash, in_count);
            if (THB_WEIGHTS_SCALED(format)) acc *= THB_FLASH_F32(scales + (per_channel ? o : 0));
            if (bias) acc += THB_LOAD_F32(bias + o, bias_flash);
            *out++ = acc < lowest ? lowest : acc > highest ? highest : acc;
            at += (size_t)in_count;
        }
        in += in_count;
    }
}
