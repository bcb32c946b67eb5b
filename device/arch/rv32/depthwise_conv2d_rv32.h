// Depthwise convolution with one output a channel for RV32IM: same contract and bits as
// thb_depthwise_conv2d_s8. The addresses of the input pixels under the filter are listed once per
// output pixel (kernels/taps.h), four channels are computed at once.
//
// weights  int8 [c / 4][taps][4]; the number of channels is a multiple of four
// places   room for filter_h * filter_w pointers; outside: in_c bytes
// down     key: see thb_multiply_down
#include "arch/rv32/dense_rv32.h"
#include "kernels/taps.h"

THB_KERNEL void thb_depthwise_conv2d_s8_rv32(const int8_t* in, const int8_t* weights,
                                             const int32_t* bias, const int32_t* multipliers,
                                             const int8_t* shifts, int per_channel, int down,
                                             int8_t* out, const int8_t** places, int8_t* outside,
                                             THB_WINDOW_PARAMETERS, int16_t in_zero_point,
                                             int16_t out_zero_point, int16_t lowest,
                                             int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const int32_t taps = filter_h * filter_w;
    thb_index_t n, oy, ox, c;
    if (padded) memset(outside, in_zero_point, (size_t)in_c);
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                thb_list_taps(in, &window, oy * stride_h - pad_top, ox * stride_w - pad_left,
                              padded, outside, places);
                for (c = 0; c < out_c; c += 4) {
                    const int32_t channel = per_channel ? c : 0;
                    int32_t sum[4];
                    thb_dot_taps_rv32(places, weights + c * taps, taps, bias + c, sum, c);
                    thb_store_rv32(sum, 4, multipliers + channel, shifts + channel, per_channel,
                                   down, out + c, out_zero_point, lowest, highest);
                }
                out += out_c;
            }
        }
        in += in_h * in_w * in_c;
    }
}
