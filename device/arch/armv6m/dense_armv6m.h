// Fully connected layers for Armv6-M: same contract and bits as thb_dense_s8.
//
// weights  uint8 [o / 4][k][4], w + 128; inputs are filled up to a multiple of eight, outputs of four
// bias     int32 [o], filled up to four: folded, and corrected as dot_armv6m.h says
// patch    uint8, the inputs + 128, filled up with zeros
#include "arch/armv6m/dot_armv6m.h"
#include "kernels/requantize.h"

// Number of inputs, filled up.
THB_KERNEL int32_t thb_filled_armv6m(int32_t count)
{
    return (count + 7) & ~7;
}

// Fills the patch behind its `count` elements.
THB_KERNEL void thb_fill_patch_armv6m(uint8_t* patch, int32_t count)
{
    const int32_t filled = thb_filled_armv6m(count);
    for (; count < filled; ++count) patch[count] = 0;
}

// All outputs of one patch, whose elements add up to `patch_sum`.
THB_KERNEL void thb_outputs_armv6m(const uint8_t* patch, int32_t patch_sum, const uint8_t* weights,
                                   const int32_t* bias, const int32_t* multipliers, const int8_t* shifts,
                                   int per_channel, int8_t* out, int32_t k_count, int32_t out_count,
                                   int32_t out_zero_point, int32_t lowest, int32_t highest)
{
    const int32_t filled = thb_filled_armv6m(k_count);
    int32_t multiplier = multipliers[0], o, i;
    int8_t shift = shifts[0];
    for (o = 0; o < out_count; o += 4) {
        int32_t sum[4];
        const int32_t here = out_count - o < 4 ? out_count - o : 4;
        for (i = 0; i < 4; ++i) sum[i] = (int32_t)((uint32_t)bias[o + i] - (uint32_t)patch_sum * 128u);
        thb_dot_4_armv6m(patch, weights, patch + filled, sum);
        weights += 4 * filled;
        for (i = 0; i < here; ++i) {
            if (per_channel) {
                multiplier = multipliers[o + i];
                shift = shifts[o + i];
            }
            *out++ = (int8_t)thb_clamp(thb_multiply(sum[i], multiplier, shift) + out_zero_point, lowest, highest);
        }
    }
}

THB_KERNEL void thb_dense_s8_armv6m(const int8_t* in, const uint8_t* weights, const int32_t* bias,
                                    const int32_t* multipliers, const int8_t* shifts, int per_channel,
                                    int8_t* out, uint8_t* patch, thb_index_t rows, thb_index_t in_count,
                                    thb_index_t out_count, int16_t out_zero_point, int16_t lowest,
                                    int16_t highest)
{
    thb_fill_patch_armv6m(patch, in_count);
    for (; rows > 0; --rows) {
        const int32_t patch_sum = thb_offset_run_armv6m(patch, in, in_count);
        thb_outputs_armv6m(patch, patch_sum, weights, bias, multipliers, shifts, per_channel, out, in_count,
                           out_count, out_zero_point, lowest, highest);
        in += in_count;
        out += out_count;
    }
}
