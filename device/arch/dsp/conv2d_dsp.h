// Convolution with DSP instructions: same contract and bits as thb_conv2d_s8 for one group.
//
// Two output pixels at a time: their windows are gathered row by row into a patch of bytes, places
// outside the input as its zero point, so that the folded bias holds at the borders too; then the
// two patches are expanded side by side and multiplied as in dense_dsp.h. Where the channels fill
// whole words, rows are expanded directly when no place of either window is outside.
#include "arch/dsp/dense_dsp.h"
#include "kernels/taps.h"

THB_KERNEL int8_t* thb_copy_run(int8_t* to, const int8_t* from, int32_t count)
{
    for (; count >= 4; count -= 4) {
        memcpy(to, from, 4);
        to += 4;
        from += 4;
    }
    for (; count > 0; --count) *to++ = *from++;
    return to;
}

THB_KERNEL int8_t* thb_fill_run(int8_t* to, int8_t value, int32_t count)
{
    for (; count > 0; --count) *to++ = value;
    return to;
}

// The window whose first tap lies at (y, x) as [filter_h][filter_w][c] bytes.
THB_KERNEL void thb_gather_patch(const int8_t* in, const thb_window_t* window, thb_index_t y,
                                 thb_index_t x, int padded, int8_t zero_point, int8_t* patch)
{
    const thb_taps_t taps = thb_clip_window(window, y, x, padded);
    const int32_t channels = window->in_c;
    thb_index_t ky, kx;
    for (ky = 0; ky < window->filter_h; ++ky) {
        const int8_t* row = in + thb_row_offset(window, y, x, taps, ky);
        if (padded && (ky < taps.y_first || ky >= taps.y_end)) {
            patch = thb_fill_run(patch, zero_point, window->filter_w * channels);
            continue;
        }
        if (padded) patch = thb_fill_run(patch, zero_point, taps.x_first * channels);
        if (window->dilation_w == 1) {
            patch = thb_copy_run(patch, row, (taps.x_end - taps.x_first) * channels);
        } else {
            for (kx = taps.x_first; kx < taps.x_end; ++kx) {
                patch = thb_copy_run(patch, row, channels);
                row += window->dilation_w * channels;
            }
        }
        if (padded)
            patch = thb_fill_run(patch, zero_point, (window->filter_w - taps.x_end) * channels);
    }
}

// Expands two windows that lie inside, whose rows are whole words and without dilation.
THB_KERNEL void thb_expand_windows(const int8_t* a, const int8_t* b, const thb_window_t* window,
                                   int32_t* out)
{
    const int32_t pitch = window->dilation_h * window->in_w * window->in_c;
    thb_index_t ky;
    for (ky = 0; ky < window->filter_h; ++ky) {
        out = thb_expand_two_rows(a, b, window->filter_w * window->in_c, out);
        a += pitch;
        b += pitch;
    }
}

// whole_words  1: a row of the filter is a multiple of four elements, without dilation
// scratch      int32: the expanded patches; patches: int8, two patches of k bytes
THB_KERNEL void thb_conv2d_s8_dsp(const int8_t* in, const uint32_t* weights, const int32_t* bias,
                                  const int32_t* scales, int per_channel, int form, int8_t* out,
                                  int32_t* scratch, int8_t* patches, THB_WINDOW_PARAMETERS,
                                  int whole_words, int16_t in_zero_point, int full_range,
                                  int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const int32_t k_count = filter_h * filter_w * in_c;
    int32_t left = batches * out_h * out_w, ox = 0, oy = 0;
    while (left > 0) {
        const int8_t* image[2];
        int32_t y[2], x[2], p;
        int8_t* const out1 = left > 1 ? out + out_c : out;
        for (p = 0; p < 2; ++p) {
            y[p] = oy * stride_h - pad_top;
            x[p] = ox * stride_w - pad_left;
            image[p] = in;
            if (left < 2) continue;
            if (++ox < out_w) continue;
            ox = 0;
            if (++oy < out_h) continue;
            oy = 0;
            in += in_h * in_w * in_c;
        }
        if (whole_words && (!padded || (thb_is_inside(&window, y[0], x[0]) &&
                                        thb_is_inside(&window, y[1], x[1])))) {
            thb_expand_windows(image[0] + (y[0] * in_w + x[0]) * in_c,
                               image[1] + (y[1] * in_w + x[1]) * in_c, &window, scratch);
        } else {
            for (p = 0; p < 2; ++p)
                thb_gather_patch(image[p], &window, y[p], x[p], padded, (int8_t)in_zero_point,
                                 patches + p * k_count);
            thb_expand_two_rows(patches, patches + k_count, k_count, scratch);
        }
        thb_two_rows_dsp(scratch, weights, bias, scales, per_channel, form, out, out1,
                         (k_count + 3) / 4, out_c, full_range, lowest, highest);
        out += 2 * out_c;
        left -= 2;
    }
}
