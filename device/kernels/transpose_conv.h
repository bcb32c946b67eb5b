// Transposed 2-D convolution (arithmetic: docs/numerics.md, "Convolution").
//
// Every input place adds its weighted filter to the output, stride places apart; what falls outside
// is dropped. Here each output gathers its addends instead, so that no scratch is needed:
//   out[y][x][o] = sum over iy, ix, c of in[iy][ix][c] * weights[o][y + pad_top - iy *
//   stride_h][..][c]
// Shapes: in [n][h][w][c], weights [o][filter_h][filter_w][c], out [n][h][w][o]; out must not
// overlap in. Parameters as in conv2d.h unless said otherwise.
#include "kernels/dot.h"
#include "kernels/requantize.h"

#define THB_TRANSPOSE_CONV_PARAMETERS \
    thb_index_t batches, thb_index_t in_h, thb_index_t in_w, thb_index_t in_c, thb_index_t out_h, \
        thb_index_t out_w, thb_index_t out_c, thb_index_t filter_h, thb_index_t filter_w, \
        thb_index_t stride_h, thb_index_t stride_w, thb_index_t pad_top, thb_index_t pad_left

// Input places [first, end) along one axis that reach the output place `top - padding`.
THB_KERNEL thb_index_t thb_first_source(thb_index_t top, thb_index_t filter, thb_index_t stride)
{
    return (thb_index_t)(top >= filter ? (top - filter + stride) / stride : 0);
}

THB_KERNEL thb_index_t thb_end_source(thb_index_t top, thb_index_t stride, thb_index_t size)
{
    const thb_index_t end = (thb_index_t)(top / stride + 1);
    return end < size ? end : size;
}

// int8; in_zero_point is subtracted here, because each output sees another part of the filter.
// bias  int32 [o], as in the file
THB_KERNEL void thb_transpose_conv_s8(const int8_t* in, const void* weights, int format,
                                      const int32_t* bias, const int32_t* multipliers,
                                      const int8_t* shifts, int per_channel, int8_t* out,
                                      THB_TRANSPOSE_CONV_PARAMETERS, int16_t in_zero_point,
                                      int16_t weight_zero_point, int16_t out_zero_point,
                                      int16_t lowest, int16_t highest)
{
    thb_index_t n, oy, ox, o, iy, ix, c;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            const thb_index_t top = (thb_index_t)(oy + pad_top);
            const thb_index_t y_end = thb_end_source(top, stride_h, in_h);
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t left = (thb_index_t)(ox + pad_left);
                const thb_index_t x_end = thb_end_source(left, stride_w, in_w);
                for (o = 0; o < out_c; ++o) {
                    int32_t acc = THB_FLASH_S32(bias + o);
                    for (iy = thb_first_source(top, filter_h, stride_h); iy < y_end; ++iy) {
                        const size_t row = (size_t)(o * filter_h + top - iy * stride_h);
                        ix = thb_first_source(left, filter_w, stride_w);
                        for (; ix < x_end; ++ix) {
                            const int8_t* place = in + (iy * in_w + ix) * in_c;
                            size_t at = (row * (size_t)filter_w + (size_t)(left - ix * stride_w)) *
                                        (size_t)in_c;
                            for (c = 0; c < in_c; ++c) {
                                acc += (int32_t)(place[c] - in_zero_point) *
                                       thb_int_weight(weights, at, format, weight_zero_point);
                                ++at;
                            }
                        }
                    }
                    acc = thb_multiply(acc, THB_FLASH_S32(multipliers + (per_channel ? o : 0)),
                                       THB_FLASH_S8(shifts + (per_channel ? o : 0)));
                    *out++ = (int8_t)thb_clamp(acc + out_zero_point, lowest, highest);
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}

// int16 activations, int8 weights, no zero points, always a 64-bit accumulator.
// wide_bias, wide_sum, wide_multiply as in conv2d.h
THB_KERNEL void thb_transpose_conv_s16(const int16_t* in, const void* weights, int format,
                                       const void* bias, int wide_bias, int wide_sum,
                                       const int32_t* multipliers, const int8_t* shifts,
                                       int per_channel, int wide_multiply, int16_t* out,
                                       THB_TRANSPOSE_CONV_PARAMETERS, int16_t lowest,
                                       int16_t highest)
{
    thb_index_t n, oy, ox, o, iy, ix;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            const thb_index_t top = (thb_index_t)(oy + pad_top);
            const thb_index_t y_end = thb_end_source(top, stride_h, in_h);
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t left = (thb_index_t)(ox + pad_left);
                const thb_index_t x_end = thb_end_source(left, stride_w, in_w);
                for (o = 0; o < out_c; ++o) {
                    int64_t acc = thb_bias(bias, o, wide_bias);
                    int32_t scaled;
                    for (iy = thb_first_source(top, filter_h, stride_h); iy < y_end; ++iy) {
                        const size_t row = (size_t)(o * filter_h + top - iy * stride_h);
                        ix = thb_first_source(left, filter_w, stride_w);
                        for (; ix < x_end; ++ix) {
                            const size_t at =
                                (row * (size_t)filter_w + (size_t)(left - ix * stride_w)) *
                                (size_t)in_c;
                            acc = thb_dot_s16(acc, in + (iy * in_w + ix) * in_c, weights, at,
                                              format, 0, in_c, wide_sum);
                        }
                    }
                    scaled = thb_multiply_sum(
                        acc, THB_FLASH_S32(multipliers + (per_channel ? o : 0)),
                        THB_FLASH_S8(shifts + (per_channel ? o : 0)), wide_multiply);
                    *out++ = (int16_t)thb_clamp(scaled, lowest, highest);
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}

// Floats; the products are added in the order of the input's places and channels, then the bias.
THB_KERNEL void thb_transpose_conv_f32(const float* in, const void* weights, int format,
                                       int weights_flash, const float* scales, int per_channel,
                                       const float* bias, int bias_flash, float* out,
                                       THB_TRANSPOSE_CONV_PARAMETERS, float lowest, float highest)
{
    thb_index_t n, oy, ox, o, iy, ix;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            const thb_index_t top = (thb_index_t)(oy + pad_top);
            const thb_index_t y_end = thb_end_source(top, stride_h, in_h);
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t left = (thb_index_t)(ox + pad_left);
                const thb_index_t x_end = thb_end_source(left, stride_w, in_w);
                for (o = 0; o < out_c; ++o) {
                    float acc = 0.0f;
                    for (iy = thb_first_source(top, filter_h, stride_h); iy < y_end; ++iy) {
                        const size_t row = (size_t)(o * filter_h + top - iy * stride_h);
                        ix = thb_first_source(left, filter_w, stride_w);
                        for (; ix < x_end; ++ix) {
                            const size_t at =
                                (row * (size_t)filter_w + (size_t)(left - ix * stride_w)) *
                                (size_t)in_c;
                            acc = thb_dot_f32(acc, in + (iy * in_w + ix) * in_c, weights, at,
                                              format, weights_flash, in_c);
                        }
                    }
                    if (THB_WEIGHTS_SCALED(format))
                        acc *= THB_FLASH_F32(scales + (per_channel ? o : 0));
                    if (bias) acc += THB_LOAD_F32(bias + o, bias_flash);
                    *out++ = acc < lowest ? lowest : acc > highest ? highest : acc;
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}
