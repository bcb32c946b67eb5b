// Convolution for RV32IM: same contract and bits as thb_conv2d_s8 for one group. One output pixel
// at a time: its window is copied to a patch, places outside the input as its zero point.
#include "arch/rv32/dense_rv32.h"
#include "kernels/window.h"

// Writes the window whose first tap lies at (y, x).
THB_KERNEL void thb_gather_rv32(const int8_t* in, const thb_window_t* window, thb_index_t y,
                                thb_index_t x, int padded, int32_t outside, int8_t* patch)
{
    const thb_taps_t taps = thb_clip_window(window, y, x, padded);
    const int32_t channels = window->in_c, run = window->filter_w * channels;
    const int32_t inside = (taps.x_end - taps.x_first) * channels;
    thb_index_t ky, kx;
    for (ky = 0; ky < window->filter_h; ++ky) {
        const int row_inside = !padded || (ky >= taps.y_first && ky < taps.y_end);
        const int8_t* row = in + thb_row_offset(window, y, x, taps, ky);
        if (!row_inside || inside < run) memset(patch, outside, (size_t)run);
        if (row_inside && window->dilation_w == 1) {
            memcpy(patch + taps.x_first * channels, row, (size_t)inside);
        } else if (row_inside) {
            for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                memcpy(patch + kx * channels, row, (size_t)channels);
                row += window->dilation_w * channels;
            }
        }
        patch += run;
    }
}

// patch   a window's bytes; with the key `direct` 1 null: one tap, never outside, is read in place
// down    key: see thb_multiply_down
THB_KERNEL void thb_conv2d_s8_rv32(const int8_t* in, const int8_t* weights, const int32_t* bias,
                                   const int32_t* multipliers, const int8_t* shifts,
                                   int per_channel, int down, int8_t* out, int direct,
                                   int8_t* patch, THB_WINDOW_PARAMETERS, int16_t in_zero_point,
                                   int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const int32_t k_count = filter_h * filter_w * in_c;
    thb_index_t n, oy, ox;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const int8_t* row = patch;
                if (direct)
                    row = in + (oy * stride_h * in_w + ox * stride_w) * in_c;
                else
                    thb_gather_rv32(in, &window, oy * stride_h - pad_top, ox * stride_w - pad_left,
                                    padded, in_zero_point, patch);
                thb_outputs_rv32(row, weights, bias, multipliers, shifts, per_channel, down, out,
                                 k_count, out_c, out_zero_point, lowest, highest);
                out += out_c;
            }
        }
        in += in_h * in_w * in_c;
    }
}
