// Convolution for Armv6-M: same contract and bits as thb_conv2d_s8 for one group. One output pixel
// at a time: its window becomes a patch of unsigned bytes, places outside the input as its zero
// point.
#include "arch/armv6m/dense_armv6m.h"
#include "kernels/taps.h"

// Writes the window whose first tap lies at (y, x) and returns the sum of its bytes.
THB_KERNEL int32_t thb_gather_armv6m(const int8_t* in, const thb_window_t* window, thb_index_t y,
                                     thb_index_t x, int padded, int32_t outside, uint8_t* patch)
{
    const thb_taps_t taps = thb_clip_window(window, y, x, padded);
    const int32_t channels = window->in_c, run = window->filter_w * channels;
    int32_t sum = 0;
    thb_index_t ky, kx;
    for (ky = 0; ky < window->filter_h; ++ky) {
        const int8_t* row = in + thb_row_offset(window, y, x, taps, ky);
        const int32_t inside = (taps.x_end - taps.x_first) * channels;
        if (padded && (ky < taps.y_first || ky >= taps.y_end || inside < run)) {
            memset(patch, outside, (size_t)run);
            sum += outside * run;
            if (ky < taps.y_first || ky >= taps.y_end) {
                patch += run;
                continue;
            }
            sum -= outside * inside;
        }
        if (window->dilation_w == 1) {
            sum += thb_offset_run_armv6m(patch + taps.x_first * channels, row, inside);
        } else {
            for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                sum += thb_offset_run_armv6m(patch + kx * channels, row, channels);
                row += window->dilation_w * channels;
            }
        }
        patch += run;
    }
    return sum;
}

THB_KERNEL void thb_conv2d_s8_armv6m(const int8_t* in, const uint8_t* weights, const int32_t* bias,
                                     const int32_t* multipliers, const int8_t* shifts,
                                     int per_channel, int8_t* out, uint8_t* patch,
                                     THB_WINDOW_PARAMETERS, int16_t in_zero_point,
                                     int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const int32_t k_count = filter_h * filter_w * in_c;
    thb_index_t n, oy, ox;
    thb_fill_patch_armv6m(patch, k_count);
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const int32_t patch_sum =
                    thb_gather_armv6m(in, &window, oy * stride_h - pad_top,
                                      ox * stride_w - pad_left, padded, in_zero_point + 128, patch);
                thb_outputs_armv6m(patch, patch_sum, weights, bias, multipliers, shifts,
                                   per_channel, out, k_count, out_c, out_zero_point, lowest,
                                   highest);
                out += out_c;
            }
        }
        in += in_h * in_w * in_c;
    }
}
