// Average and maximum over sliding windows, per channel (arithmetic: docs/numerics.md, "Pooling").
//
// Shapes: in [n][h][w][c], out [n][h][w][c]; out must not overlap in. Only places inside the input
// count. One body serves all integer types: the host passes the element type as a key.
#include "kernels/window.h"

#define THB_POOL_S8 0
#define THB_POOL_U8 1
#define THB_POOL_S16 2

THB_KERNEL int32_t thb_pool_load(const void* in, thb_index_t at, int type)
{
    if (type == THB_POOL_S16) return ((const int16_t*)in)[at];
    if (type == THB_POOL_U8) return ((const uint8_t*)in)[at];
    return ((const int8_t*)in)[at];
}

THB_KERNEL void thb_pool_store(void* out, thb_index_t at, int32_t value, int type)
{
    if (type == THB_POOL_S16) ((int16_t*)out)[at] = (int16_t)value;
    else if (type == THB_POOL_U8) ((uint8_t*)out)[at] = (uint8_t)value;
    else ((int8_t*)out)[at] = (int8_t)value;
}

// sum / count, ties away from zero; `offset` (0 or 128) is added to every element before and taken
// away after: the rounding of unsigned elements on values that are stored signed.
THB_KERNEL int32_t thb_rounded_mean(int32_t sum, int32_t count, int32_t offset)
{
    sum += offset * count;
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count - offset;
}

// Integers; `maximum` 1: the largest, 0: the mean.
//   out[n][y][x][c] = clamp(max or rounded mean over the window of in[..][c])
THB_KERNEL void thb_pool2d_int(const void* in, int type, int maximum, int offset, void* out,
                               THB_WINDOW_PARAMETERS, int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    thb_index_t n, oy, ox, c, ky, kx, at = 0;
    for (n = 0; n < batches; ++n) {
        const thb_index_t image = (thb_index_t)(n * in_h * in_w * in_c);
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t y = (thb_index_t)(oy * stride_h - pad_top);
                const thb_index_t x = (thb_index_t)(ox * stride_w - pad_left);
                const thb_taps_t taps = thb_clip_window(&window, y, x, padded);
                const int32_t count =
                    (int32_t)(taps.y_end - taps.y_first) * (taps.x_end - taps.x_first);
                for (c = 0; c < out_c; ++c) {
                    int32_t result = maximum ? -INT32_C(32768) : 0;
                    for (ky = taps.y_first; ky < taps.y_end; ++ky) {
                        thb_index_t place =
                            (thb_index_t)(image + thb_row_offset(&window, y, x, taps, ky) + c);
                        for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                            const int32_t value = thb_pool_load(in, place, type);
                            if (!maximum) result += value;
                            else if (value > result) result = value;
                            place = (thb_index_t)(place + dilation_w * in_c);
                        }
                    }
                    if (!maximum) result = thb_rounded_mean(result, count, offset);
                    if (result < lowest) result = lowest;
                    if (result > highest) result = highest;
                    thb_pool_store(out, at, result, type);
                    ++at;
                }
            }
        }
    }
}

// Floats, added in the order row, column.
THB_KERNEL void thb_pool2d_f32(const float* in, int maximum, float* out, THB_WINDOW_PARAMETERS,
                               float lowest, float highest)
{
    const thb_window_t window = THB_WINDOW;
    thb_index_t n, oy, ox, c, ky, kx;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const thb_index_t y = (thb_index_t)(oy * stride_h - pad_top);
                const thb_index_t x = (thb_index_t)(ox * stride_w - pad_left);
                const thb_taps_t taps = thb_clip_window(&window, y, x, padded);
                const thb_index_t count =
                    (thb_index_t)((taps.y_end - taps.y_first) * (taps.x_end - taps.x_first));
                for (c = 0; c < out_c; ++c) {
                    float result = maximum ? -FLT_MAX : 0.0f;
                    for (ky = taps.y_first; ky < taps.y_end; ++ky) {
                        const float* place = in + thb_row_offset(&window, y, x, taps, ky) + c;
                        for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                            if (!maximum) result += *place;
                            else if (*place > result) result = *place;
                            place += dilation_w * in_c;
                        }
                    }
                    if (!maximum) result /= (float)count;
                    *out++ = result < lowest ? lowest : result > highest ? highest : result;
                }
            }
        }
        in += (thb_index_t)(in_h * in_w * in_c);
    }
}
