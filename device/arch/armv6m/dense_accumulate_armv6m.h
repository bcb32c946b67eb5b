// One step of a dense layer over a sequence on Armv6-M: same contract and bits as
// thb_dense_accumulate_s8. With x' = in + 128 and w' = weight + 128:
//   sum x' * weight = sum x' * w' - 128 * sum x'
//
// weights  uint8 [o / 4][i][4], w'; inputs are filled up to a multiple of eight, outputs of four
// patch    uint8: x', filled up with zeros
#include "arch/armv6m/dense_armv6m.h"

THB_KERNEL void thb_dense_accumulate_s8_armv6m(const int8_t* in, const uint8_t* weights,
                                               const int32_t* sums, int32_t* out,
                                               thb_index_t in_count, thb_index_t out_count,
                                               uint8_t* patch)
{
    const int32_t filled = thb_filled_armv6m(in_count);
    const int32_t correction = thb_offset_run_armv6m(patch, in, in_count) * 128;
    int32_t o, i;
    thb_fill_patch_armv6m(patch, in_count);
    for (o = 0; o < out_count; o += 4) {
        int32_t sum[4] = {0, 0, 0, 0};
        thb_dot_4_armv6m(patch, weights, patch + filled, sum);
        for (i = 0; i < 4 && o + i < out_count; ++i)
            out[o + i] = (int32_t)((uint32_t)sums[o + i] + (uint32_t)sum[i] - (uint32_t)correction);
        weights += 4 * filled;
    }
}
