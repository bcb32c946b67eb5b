// 2-D convolution (arithmetic: docs/numerics.md, "Convolution").
//
// Shapes: in [n][h][w][c], weights [o][filter_h][filter_w][c / groups], out [n][h][w][o]; out must
// not overlap in. groups > 1: each of the `groups` equal parts of the output channels sees only the
// part of the input channels with the same number.
// The window is clipped once per output pixel; inside, the channels (and, without dilation, whole
// rows of the filter) are contiguous in both operands.
#include "kernels/dot.h"
#include "kernels/requantize.h"

// acc + the products of one filter, int8. `pixel`: the input at the first channel of the group.
THB_KERNEL int32_t thb_conv2d_taps_s8(int32_t acc, const int8_t* pixel, const void* weights,
                                      size_t filter, int format, int16_t zero_point,
                                      const thb_window_t* window, thb_index_t y, thb_index_t x,
                                      thb_taps_t taps, thb_index_t group_in, int dense)
{
    thb_index_t ky, kx;
    for (ky = taps.y_first; ky < taps.y_end; ++ky) {
        const int8_t* row = pixel + thb_row_offset(window, y, x, taps, ky);
        size_t at = filter + (size_t)((ky * window->filter_w + taps.x_first) * group_in);
        if (dense) {
            const thb_index_t run = (thb_index_t)((taps.x_end - taps.x_first) * group_in);
            acc = thb_dot_s8(acc, row, weights, at, format, zero_point, run);
            continue;
        }
        for (kx = taps.x_first; kx < taps.x_end; ++kx) {
            acc = thb_dot_s8(acc, row, weights, at, format, zero_point, group_in);
            row += window->dilation_w * window->in_c;
            at += (size_t)group_in;
        }
    }
    return acc;
}

// int8 activations, int8 or int4 weights:
//   out[n][y][x][o] = clamp(out_zero_point + multiply(bias[o] + sum in[..] * weights[o][..]))
// where places outside the input count as in_zero_point.
//
// weights      in flash, see dot.h for `format`
// bias         int32 [o] in flash; the layer's bias minus in_zero_point * (sum of all weights of o)
// multipliers  int32 [o] or [1], shifts int8 likewise, in flash; per_channel 1 or 0 says which
// Range: the compiler has proven that every partial sum fits int32.
THB_KERNEL void thb_conv2d_s8(const int8_t* in, const void* weights, int format,
                              const int32_t* bias, const int32_t* multipliers, const int8_t* shifts,
                              int per_channel, int8_t* out, THB_WINDOW_PARAMETERS,
                              thb_index_t groups, int16_t in_zero_point, int16_t weight_zero_point,
                              int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const thb_index_t group_in = (thb_index_t)(in_c / groups);
    const thb_index_t group_out = (thb_index_t)(out_c / groups);
    const int dense = dilation_w == 1 && groups == 1;
    thb_index_t n, oy, ox, g, o;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t y = (thb_index_t)(oy * stride_h - pad_top);
                const thb_index_t x = (thb_index_t)(ox * stride_w - pad_left);
                const thb_taps_t taps = thb_clip_window(&window, y, x, padded);
                const int clipped = padded && in_zero_point && thb_is_clipped(&window, taps);
                thb_index_t channel = 0;
                size_t filter = 0;
                for (g = 0; g < groups; ++g) {
                    for (o = 0; o < group_out; ++o) {
                        int32_t acc = thb_conv2d_taps_s8(
                            THB_FLASH_S32(bias + channel), in + g * group_in, weights, filter,
                            format, weight_zero_point, &window, y, x, taps, group_in, dense);
                        if (clipped)
                            acc += in_zero_point * thb_skipped_weights(weights, filter, format,
                                                                       weight_zero_point, &window,
                                                                       taps, group_in);
                        acc = thb_multiply(acc,
                                           THB_FLASH_S32(multipliers + (per_channel ? channel : 0)),
                                           THB_FLASH_S8(shifts + (per_channel ? channel : 0)));
                        *out++ = (int8_t)thb_clamp(acc + out_zero_point, lowest, highest);
                        filter += (size_t)filter_h * (size_t)filter_w * (size_t)group_in;
                        ++channel;
                    }
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}

// acc + the products of one filter, int16.
THB_KERNEL int64_t thb_conv2d_taps_s16(int64_t acc, const int16_t* pixel, const void* weights,
                                       size_t filter, int format, const thb_window_t* window,
                                       thb_index_t y, thb_index_t x, thb_taps_t taps,
                                       thb_index_t group_in, int dense, int wide_sum)
{
    thb_index_t ky, kx;
    for (ky = taps.y_first; ky < taps.y_end; ++ky) {
        const int16_t* row = pixel + thb_row_offset(window, y, x, taps, ky);
        size_t at = filter + (size_t)((ky * window->filter_w + taps.x_first) * group_in);
        if (dense) {
            const thb_index_t run = (thb_index_t)((taps.x_end - taps.x_first) * group_in);
            acc = thb_dot_s16(acc, row, weights, at, format, 0, run, wide_sum);
            continue;
        }
        for (kx = taps.x_first; kx < taps.x_end; ++kx) {
            acc = thb_dot_s16(acc, row, weights, at, format, 0, group_in, wide_sum);
            row += window->dilation_w * window->in_c;
            at += (size_t)group_in;
        }
    }
    return acc;
}

// int16 activations, int8 weights, no zero points:
//   out[n][y][x][o] = clamp(multiply(bias[o] + sum in[..] * weights[o][..]))
//
// bias           int32 or int64 [o] in flash (wide_bias)
// wide_sum       0: the compiler has proven that the products of one filter row sum up within int32
// wide_multiply  1: multiply is thb_multiply64 (the layer has a 64-bit bias), 0: thb_multiply
THB_KERNEL void thb_conv2d_s16(const int16_t* in, const void* weights, int format, const void* bias,
                               int wide_bias, int wide_sum, const int32_t* multipliers,
                               const int8_t* shifts, int per_channel, int wide_multiply,
                               int16_t* out, THB_WINDOW_PARAMETERS, thb_index_t groups,
                               int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const thb_index_t group_in = (thb_index_t)(in_c / groups);
    const thb_index_t group_out = (thb_index_t)(out_c / groups);
    const int dense = dilation_w == 1 && groups == 1;
    thb_index_t n, oy, ox, g, o;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t y = (thb_index_t)(oy * stride_h - pad_top);
                const thb_index_t x = (thb_index_t)(ox * stride_w - pad_left);
                const thb_taps_t taps = thb_clip_window(&window, y, x, padded);
                thb_index_t channel = 0;
                size_t filter = 0;
                for (g = 0; g < groups; ++g) {
                    for (o = 0; o < group_out; ++o) {
                        const int64_t acc = thb_conv2d_taps_s16(
                            thb_bias(bias, channel, wide_bias), in + g * group_in, weights, filter,
                            format, &window, y, x, taps, group_in, dense, wide_sum);
                        const int32_t scaled = thb_multiply_sum(
                            acc, THB_FLASH_S32(multipliers + (per_channel ? channel : 0)),
                            THB_FLASH_S8(shifts + (per_channel ? channel : 0)), wide_multiply);
                        *out++ = (int16_t)thb_clamp(scaled, lowest, highest);
                        filter += (size_t)filter_h * (size_t)filter_w * (size_t)group_in;
                        ++channel;
                    }
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}

// Float activations; weights float32, float16, or int8 / int4 with a scale (docs/numerics.md,
// "Hybrid"):
//   out[n][y][x][o] = clamp(bias[o] + scale[o] * sum in[..] * weights[o][..])
// added in the order filter row, filter column, channel.
//
// format   THB_WEIGHTS_* of float_weights.h; weights_flash 1: a table, 0: RAM
// scales   float [o] or [1] (per_channel), in flash, for integer formats; bias float [o] or null
THB_KERNEL void thb_conv2d_f32(const float* in, const void* weights, int format, int weights_flash,
                               const float* scales, int per_channel, const float* bias,
                               int bias_flash, float* out, THB_WINDOW_PARAMETERS,
                               thb_index_t groups, float lowest, float highest)
{
    const thb_window_t window = THB_WINDOW;
    const thb_index_t group_in = (thb_index_t)(in_c / groups);
    const thb_index_t group_out = (thb_index_t)(out_c / groups);
    thb_index_t n, oy, ox, o, ky, kx;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t y = (thb_index_t)(oy * stride_h - pad_top);
                const thb_index_t x = (thb_index_t)(ox * stride_w - pad_left);
                const thb_taps_t taps = thb_clip_window(&window, y, x, padded);
                size_t filter = 0;
                for (o = 0; o < out_c; ++o) {
                    const float* pixel = in + o / group_out * group_in;
                    float acc = 0.0f;
                    for (ky = taps.y_first; ky < taps.y_end; ++ky) {
                        const float* row = pixel + thb_row_offset(&window, y, x, taps, ky);
                        size_t at = filter + (size_t)((ky * filter_w + taps.x_first) * group_in);
                        for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                            acc =
                                thb_dot_f32(acc, row, weights, at, format, weights_flash, group_in);
                            row += dilation_w * in_c;
                            at += (size_t)group_in;
                        }
                    }
                    if (THB_WEIGHTS_SCALED(format))
                        acc *= THB_FLASH_F32(scales + (per_channel ? o : 0));
                    if (bias) acc += THB_LOAD_F32(bias + o, bias_flash);
                    *out++ = acc < lowest ? lowest : acc > highest ? highest : acc;
                    filter += (size_t)filter_h * (size_t)filter_w * (size_t)group_in;
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}
