// Depthwise convolution with DSP instructions: same contract and bits as thb_depthwise_conv2d_s8
// for multiplier 1 and a multiple of four channels.
//
// Per output pixel the addresses of the input pixels under the filter are listed once; taps outside
// the input point to a row that holds its zero point, so that the folded bias holds at the borders
// too. Then four channels at a time: one word of input and two words of weights per tap.
#include "arch/dsp/requantize_dsp.h"
#include "kernels/taps.h"

// One tap of four channels: 4 products in 9 instructions. Weights are int16: (c0, c2), (c1, c3).
// r0 places, r1 weights, r2 channel, r4 to r7 sums.
#define THB_TAP_4                \
    "ldr r8, [r0], #4\n\t"       \
    "ldr r8, [r8, r2]\n\t"       \
    "ldmia r1!, {r9, r10}\n\t"   \
    "sxtb16 r11, r8\n\t"         \
    "sxtb16 r8, r8, ror #8\n\t"  \
    "smlabb r4, r11, r9, r4\n\t" \
    "smlatt r6, r11, r9, r6\n\t" \
    "smlabb r5, r8, r10, r5\n\t" \
    "smlatt r7, r8, r10, r7\n\t"

// Adds the products of channels channel .. channel + 3 to sum[0..3]; returns the weights behind.
// taps  the fifth argument, on the stack; nine are unrolled
THB_NAKED const uint32_t* thb_taps_4(const int8_t* const* places THB_IN_ASM,
                                     const uint32_t* w THB_IN_ASM, int32_t channel THB_IN_ASM,
                                     int32_t* sum THB_IN_ASM, int32_t taps THB_IN_ASM)
{
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldr lr, [sp, #36]\n\t"
        "ldmia r3, {r4, r5, r6, r7}\n\t"
        "cmp lr, #9\n\t"
        "bne 1f\n\t" THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4 THB_TAP_4
            THB_TAP_4
        "b 2f\n"
        "1:\n\t" THB_TAP_4
        "subs lr, lr, #1\n\t"
        "bne 1b\n"
        "2:\n\t"
        "stmia r3, {r4, r5, r6, r7}\n\t"
        "mov r0, r1\n\t"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

// weights  per four channels: per tap (c0, c2), (c1, c3) as int16
// bias     int32 [c], folded; scales int32 [c][3] or [3], see requantize_dsp.h
// places   room for filter_h * filter_w pointers; outside: in_c bytes
THB_KERNEL void thb_depthwise_conv2d_s8_dsp(const int8_t* in, const uint32_t* weights,
                                            const int32_t* bias, const int32_t* scales,
                                            int per_channel, int form, int8_t* out,
                                            const int8_t** places, int8_t* outside,
                                            THB_WINDOW_PARAMETERS, int16_t in_zero_point,
                                            int full_range, int16_t lowest, int16_t highest)
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
                thb_list_taps(in, &window, oy * stride_h - pad_top, ox * stride_w - pad_left,
                              padded, outside, places);
                for (c = 0; c < out_c; c += 4) {
                    int32_t sum[4];
                    sum[0] = bias[c];
                    sum[1] = bias[c + 1];
                    sum[2] = bias[c + 2];
                    sum[3] = bias[c + 3];
                    w = thb_taps_4(places, w, c, sum, filter_h * filter_w);
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
