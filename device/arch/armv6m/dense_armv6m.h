// Fully connected layers for Armv6-M: same contract and bits as thb_dense_s8.
//
// weights  uint8 [o / 4][k][4], w + 128; inputs are filled up to a multiple of eight, outputs of
// four bias     int32 [o], filled up to four: folded, and corrected as dot_armv6m.h says patch
// uint8, the inputs + 128, filled up with zeros
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

// Scales and stores up to four outputs; `channel` is the first one's.
THB_KERNEL void thb_store_armv6m(const int32_t* sum, int32_t correction, const int32_t* multipliers,
                                 const int8_t* shifts, int per_channel, int8_t* out,
                                 int32_t channel, int32_t count, int32_t out_zero_point,
                                 int32_t lowest, int32_t highest)
{
    int32_t i;
    for (i = 0; i < (count < 4 ? count : 4); ++i) {
        const int32_t at = per_channel ? channel + i : 0;
        const int32_t acc = (int32_t)((uint32_t)sum[i] - (uint32_t)correction);
        const int32_t scaled = thb_multiply(acc, multipliers[at], shifts[at]);
        out[i] = (int8_t)thb_clamp(scaled + out_zero_point, lowest, highest);
    }
}

// All outputs of one patch, whose elements add up to `patch_sum`.
THB_KERNEL void thb_outputs_armv6m(const uint8_t* patch, int32_t patch_sum, const uint8_t* weights,
                                   const int32_t* bias, const int32_t* multipliers,
                                   const int8_t* shifts, int per_channel, int8_t* out,
                                   int32_t k_count, int32_t out_count, int32_t out_zero_point,
                                   int32_t lowest, int32_t highest)
{
    const int32_t filled = thb_filled_armv6m(k_count);
    int32_t o;
    for (o = 0; o < out_count; o += 4) {
        int32_t sum[4];
        memcpy(sum, bias + o, sizeof sum);
        thb_dot_4_armv6m(patch, weights, patch + filled, sum);
        thb_store_armv6m(sum, patch_sum * 128, multipliers, shifts, per_channel, out + o, o,
                         out_count - o, out_zero_point, lowest, highest);
        weights += 4 * filled;
    }
}

// The same with a patch of `chunk` inputs only, a multiple of eight: it is filled again and again.
THB_KERNEL void thb_row_in_chunks_armv6m(const int8_t* in, uint8_t* patch, const uint8_t* weights,
                                         const int32_t* bias, const int32_t* multipliers,
                                         const int8_t* shifts, int per_channel, int8_t* out,
                                         int32_t in_count, int32_t out_count, int32_t chunk,
                                         int32_t out_zero_point, int32_t lowest, int32_t highest)
{
    int32_t o, k;
    for (o = 0; o < out_count; o += 4) {
        int32_t sum[4], patch_sum = 0;
        memcpy(sum, bias + o, sizeof sum);
        for (k = 0; k < in_count; k += chunk) {
            const int32_t count = in_count - k < chunk ? in_count - k : chunk;
            patch_sum += thb_offset_run_armv6m(patch, in + k, count);
            thb_fill_patch_armv6m(patch, count);
            thb_dot_4_armv6m(patch, weights, patch + thb_filled_armv6m(count), sum);
            weights += 4 * thb_filled_armv6m(count);
        }
        thb_store_armv6m(sum, patch_sum * 128, multipliers, shifts, per_channel, out + o, o,
                         out_count - o, out_zero_point, lowest, highest);
    }
}

// chunk  inputs that patch has room for: in_count, or fewer to save memory, a multiple of eight
THB_KERNEL void thb_dense_s8_armv6m(const int8_t* in, const uint8_t* weights, const int32_t* bias,
                                    const int32_t* multipliers, const int8_t* shifts,
                                    int per_channel, int8_t* out, uint8_t* patch, thb_index_t rows,
                                    thb_index_t in_count, thb_index_t out_count, thb_index_t chunk,
                                    int in_chunks, int16_t out_zero_point, int16_t lowest,
                                    int16_t highest)
{
    if (!in_chunks) thb_fill_patch_armv6m(patch, in_count);
    for (; rows > 0; --rows) {
        if (in_chunks) {
            thb_row_in_chunks_armv6m(in, patch, weights, bias, multipliers, shifts, per_channel,
                                     out, in_count, out_count, chunk, out_zero_point, lowest,
                                     highest);
        } else {
            const int32_t patch_sum = thb_offset_run_armv6m(patch, in, in_count);
            thb_outputs_armv6m(patch, patch_sum, weights, bias, multipliers, shifts, per_channel,
                               out, in_count, out_count, out_zero_point, lowest, highest);
        }
        in += in_count;
        out += out_count;
    }
}
