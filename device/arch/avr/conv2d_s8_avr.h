// Convolution of int8 images on AVR: each window becomes a patch in RAM, then a dense row.
#include "arch/avr/dense_s8_avr.h"
#include "kernels/window.h"

// Copies the window whose first tap lies at (y, x); places outside the input become `outside`.
THB_KERNEL void thb_gather_avr(const int8_t* in, const thb_window_t* window, thb_index_t y,
                               thb_index_t x, int padded, int8_t outside, int8_t* patch)
{
    const thb_taps_t taps = thb_clip_window(window, y, x, padded);
    thb_index_t ky, kx;
    for (ky = 0; ky < window->filter_h; ++ky) {
        const int8_t* row = in + thb_row_offset(window, y, x, taps, ky);
        const int row_inside = !padded || (ky >= taps.y_first && ky < taps.y_end);
        for (kx = 0; kx < window->filter_w; ++kx) {
            const int inside = !padded || (row_inside && kx >= taps.x_first && kx < taps.x_end);
            thb_index_t c;
            for (c = 0; c < window->in_c; ++c) *patch++ = inside ? row[c] : outside;
            if (inside) row += window->dilation_w * window->in_c;
        }
    }
}

// The contract of thb_conv2d_s8 for one group, with the tables of thb_outputs_avr.
// patch  int8 [filter_h * filter_w * in_c]  scratch
THB_KERNEL void thb_conv2d_s8_avr(const int8_t* in, const uint8_t* weights, const int32_t* bias,
                                  const uint8_t* records, int per_channel, int shift, int8_t* out,
                                  int8_t* patch, THB_WINDOW_PARAMETERS, int16_t in_zero_point,
                                  int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const thb_index_t in_count = (thb_index_t)(filter_h * filter_w * in_c);
    thb_index_t n, oy, ox;
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                thb_gather_avr(in, &window, (thb_index_t)(oy * stride_h - pad_top),
                               (thb_index_t)(ox * stride_w - pad_left), padded,
                               (int8_t)in_zero_point, patch);
                thb_outputs_avr(patch, weights, bias, records, per_channel, shift, out, in_count,
                                out_c, lowest, highest);
                out += out_c;
            }
        }
        in += in_h * in_w * in_c;
    }
}
