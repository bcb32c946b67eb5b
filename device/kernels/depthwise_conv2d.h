// Depthwise 2-D convolution: output channel c * multiplier + m sees input channel c only
// (arithmetic: docs/numerics.md, "Convolution"). Parameters as in conv2d.h unless said otherwise.
#include "kernels/dot.h"
#include "kernels/requantize.h"

// int8 activations, int8 or int4 weights:
//   out[n][y][x][o] = clamp(out_zero_point + multiply(bias[o] + sum in[..][o / multiplier] *
//   weights[o][..]))
// weights  [o][filter_h][filter_w]: transposed by the compiler, so that a filter is contiguous
THB_KERNEL void thb_depthwise_conv2d_s8(const int8_t* in, const void* weights, int format,
                                        const int32_t* bias, const int32_t* multipliers,
                                        const int8_t* shifts, int per_channel, int8_t* out,
                                        THB_WINDOW_PARAMETERS, thb_index_t multiplier,
                                        int16_t in_zero_point, int16_t weight_zero_point,
                                        int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    thb_index_t n, oy, ox, o, ky, kx;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t y = (thb_index_t)(oy * stride_h - pad_top);
                const thb_index_t x = (thb_index_t)(ox * stride_w - pad_left);
                const thb_taps_t taps = thb_clip_window(&window, y, x, padded);
                const int clipped = padded && in_zero_point && thb_is_clipped(&window, taps);
                size_t filter = 0;
                for (o = 0; o < out_c; ++o) {
                    const int8_t* channel = in + o / multiplier;
                    int32_t acc = THB_FLASH_S32(bias + o);
                    for (ky = taps.y_first; ky < taps.y_end; ++ky) {
                        const int8_t* place = channel + thb_row_offset(&window, y, x, taps, ky);
                        size_t at = filter + (size_t)(ky * filter_w + taps.x_first);
                        for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                            // At most 128 * 255: fits an int of 16 bits.
                            acc += *place * thb_int_weight(weights, at, format, weight_zero_point);
                            place += dilation_w * in_c;
                            ++at;
                        }
                    }
                    if (clipped)
                        acc += in_zero_point * thb_skipped_weights(weights, filter, format,
                                                                   weight_zero_point, &window, taps,
                                                                   1);
                    acc = thb_multiply(acc, THB_FLASH_S32(multipliers + (per_channel ? o : 0)),
                                       THB_FLASH_S8(shifts + (per_channel ? o : 0)));
                    *out++ = (int8_t)thb_clamp(acc + out_zero_point, lowest, highest);
                    filter += (size_t)filter_h * (size_t)filter_w;
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}

// int16 activations, int8 weights [o][filter_h][filter_w], no zero points.
THB_KERNEL void thb_depthwise_conv2d_s16(const int16_t* in, const void* weights, int format,
                                         const void* bias, int wide_bias, int wide_sum,
                                         const int32_t* multipliers, const int8_t* shifts,
                                         int per_channel, int wide_multiply, int16_t* out,
                                         THB_WINDOW_PARAMETERS, thb_index_t multiplier,
                                         int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    thb_index_t n, oy, ox, o, ky, kx;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t y = (thb_index_t)(oy * stride_h - pad_top);
                const thb_index_t x = (thb_index_t)(ox * stride_w - pad_left);
                const thb_taps_t taps = thb_clip_window(&window, y, x, padded);
                size_t filter = 0;
                for (o = 0; o < out_c; ++o) {
                    const int16_t* channel = in + o / multiplier;
                    int64_t acc = thb_bias(bias, o, wide_bias);
                    int32_t scaled;
                    for (ky = taps.y_first; ky < taps.y_end; ++ky) {
                        const int16_t* place = channel + thb_row_offset(&window, y, x, taps, ky);
                        size_t at = filter + (size_t)(ky * filter_w + taps.x_first);
                        int32_t sum = 0;
                        for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                            const int32_t product =
                                (int32_t)*place * thb_int_weight(weights, at, format, 0);
                            if (wide_sum) acc += product;
                            else sum += product;
                            place += dilation_w * in_c;
                            ++at;
                        }
                        acc += sum;
                    }
                    scaled = thb_multiply_sum(
                        acc, THB_FLASH_S32(multipliers + (per_channel ? o : 0)),
                        THB_FLASH_S8(shifts + (per_channel ? o : 0)), wide_multiply);
                    *out++ = (int16_t)thb_clamp(scaled, lowest, highest);
                    filter += (size_t)filter_h * (size_t)filter_w;
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}

// Float activations, weights [filter_h][filter_w][o] as in the file, of any float format.
THB_KERNEL void thb_depthwise_conv2d_f32(const float* in, const void* weights, int format,
                                         int weights_flash, const float* scales, int per_channel,
                                         const float* bias, int bias_flash, float* out,
                                         THB_WINDOW_PARAMETERS, thb_index_t multiplier,
                                         float lowest, float highest)
{
    const thb_window_t window = THB_WINDOW;
    thb_index_t n, oy, ox, o, ky, kx;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t y = (thb_index_t)(oy * stride_h - pad_top);
                const thb_index_t x = (thb_index_t)(ox * stride_w - pad_left);
                const thb_taps_t taps = thb_clip_window(&window, y, x, padded);
                for (o = 0; o < out_c; ++o) {
                    const float* channel = in + o / multiplier;
                    float acc = 0.0f;
                    for (ky = taps.y_first; ky < taps.y_end; ++ky) {
                        const float* place = channel + thb_row_offset(&window, y, x, taps, ky);
                        size_t at =
                            (size_t)(ky * filter_w + taps.x_first) * (size_t)out_c + (size_t)o;
                        for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                            acc += *place * thb_float_weight(weights, at, format, weights_flash);
                            place += dilation_w * in_c;
                            at += (size_t)out_c;
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
