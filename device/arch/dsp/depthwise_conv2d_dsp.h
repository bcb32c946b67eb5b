// Depthwise convolution with DSP instructions: same contract and bits as thb_depthwise_conv2d_s8 for
// multiplier 1 and a multiple of four channels.
//
// Per output pixel the addresses of the input pixels under the filter are listed once; taps outside
// the input point to a row that holds its zero point, so that the folded bias holds at the borders
// too. Then four channels at a time: one word of input and two words of weights per tap.
#include "arch/dsp/requantize_dsp.h"
#include "kernels/taps.h"

// One tap of four channels: 4 products in 9 instructions. Weights are int16: (c0, c2), (c1, c3).
#define THB_TAP_4 \
    "ldr r4, [%[p]], #4\n\t" \
    "ldr r4, [r4, %[c]]\n\t" \
    "ldmia %[w]!, {r5, r6}\n\t" \
    "sxtb16 r8, r4\n\t" \
    "sxtb16 r4, r4, ror #8\n\t" \
    "smlabb %[s0], r8, r5, %[s0]\n\t" \
    "smlatt %[s2], r8, r5, %[s2]\n\t" \
    "smlabb %[s1], r4, r6, %[s1]\n\t" \
    "smlatt %[s3], r4, r6, %[s3]\n\t"

#define THB_TAP_4_OPERANDS \
    : [p] "+r"(places), [w] "+r"(w), [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3) \
    : [c] "r"(channel) \
    : "r4", "r5", "r6", "r8", "cc", "memory"

// Adds the products of channels channel .. channel + 3 to sum[0..3]; returns the weights behind.
THB_KERNEL const uint32_t* thb_taps_4(const int8_t* const* places, int32_t taps, int32_t channel,
                                      const uint32_t* w, int32_t* sum)
{
    int32_t s0 = sum[0], s1 = sum[1], s2 = sum[2], s3 = sum[3];
    if (taps == 9) {
        __asm__ volatile(THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4
                         THB_TAP_4_OPERANDS);
    } else {
        for (; taps > 0; --taps) __asm__ volatile(THB_TAP_4 THB_TAP_4_OPERANDS);
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
    return w;
}

// weights  per four channels: per tap (c0, c2), (c1, c3) as int16
// bias     int32 [c], folded; scales int32 [c][3] or [3], see requantize_dsp.h
// places   room for filter_h * filter_w pointers; outside: in_c bytes
THB_KERNEL void thb_depthwise_conv2d_s8_dsp(const int8_t* in, const uint32_t* weights, const int32_t* bias,
                                            const int32_t* scales, int per_channel, int form, int8_t* out,
                                            const int8_t** places, int8_t* outside, THB_WINDOW_PARAMETERS,
                                            int16_t in_zero_point, int full_range, int16_t lowest,
                                            int16_t highest)
{
    const thb_window_t window = THB_WINDOW;
    const int32_t step = per_channel ? 3 : 0;
    thb_index_t n, oy, ox, c;
    if (padded) memset(outside, in_zero_point, (size_t)in_c);
    for (n = 0; n < batches; ++n) {
        for (oy = 0; oy < out_h; ++oy) {
            for (ox = 0; ox < out_w; ++ox) {
                const uint32_t* w = weights;
                const int32_t* scale = scales;
                thb_list_taps(in, &window, oy * stride_h - pad_top, ox * stride_w - pad_left, padded, outside, places);
                for (c = 0; c < out_c; c += 4) {
                    int32_t sum[4];
                    THB_UNCOUNTED(c);
                    sum[0] = bias[c];
                    sum[1] = bias[c + 1];
                    sum[2] = bias[c + 2];
                    sum[3] = bias[c + 3];
                    w = thb_taps_4(places, filter_h * filter_w, c, w, sum);
                    THB_STORE_SCALED(out[0], sum[0] * 2, scale);
                    THB_STORE_SCALED(out[1], sum[1] * 2, scale + step);
                    THB_STORE_SCALED(out[2], sum[2] * 2, scale + 2 * step);
                    THB_STORE_SCALED(out[3], sum[3] * 2, scale + 3 * step);
                    scale += 4 * step;
                    out += 4;
                }
            }
        }
        in += in_h * in_w * in_c;
    }
}
