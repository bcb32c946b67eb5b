// Depthwise convolution for Armv6-M: same contract and bits as thb_depthwise_conv2d_s8. The
// addresses of the input pixels under the filter are listed once per output pixel (kernels/taps.h).
//
// weights  int8 [o][taps], the taps of each output in reverse
// places   room for filter_h * filter_w pointers; outside: in_c bytes
#include "arch/armv6m/dot_armv6m.h"
#include "kernels/requantize.h"
#include "kernels/taps.h"

THB_KERNEL void thb_depthwise_conv2d_s8_armv6m(const int8_t* in, const int8_t* weights,
                                               const int32_t* bias, const int32_t* multipliers,
                                               const int8_t* shifts, int per_channel, int8_t* out,
                                               const int8_t** places, int8_t* outside,
                                               THB_WINDOW_PARAMETERS, thb_index_t multiplier,
                                               int16_t in_zero_point, int16_t out_zero_point,
                                               int16_t lowest, int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const int32_t taps = filter_h * filter_w;
    thb_index_t n, oy, ox, c, m;
    if (padded) memset(outside, in_zero_point, (size_t)in_c);
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const int8_t* w = weights - 1;
                int32_t o = 0;
                thb_list_taps(in, &window, oy * stride_h - pad_top, ox * stride_w - pad_left,
                              padded, outside, places);
                for (c = 0; o < out_c; ++c) {
                    for (m = 0; m < multiplier; ++m) {
                        const int32_t acc = bias[o] + thb_dot_taps_armv6m(places, w, c, taps);
                        const int32_t channel = per_channel ? o : 0;
                        const int32_t scaled =
                            thb_multiply(acc, multipliers[channel], shifts[channel]);
                        *out++ = (int8_t)thb_clamp(scaled + out_zero_point, lowest, highest);
                        w += taps;
                        ++o;
                    }
                }
            }
        }
        in += in_h * in_w * in_c;
    }
}
