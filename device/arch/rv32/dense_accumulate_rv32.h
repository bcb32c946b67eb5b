// One step of a dense layer over a sequence on RV32IM: same contract and bits as
// thb_dense_accumulate_s8.
//
// weights  int8 [o / 4][i][4], zero for outputs that fill a block up
#include "arch/rv32/dot_rv32.h"

THB_KERNEL void thb_dense_accumulate_s8_rv32(const int8_t* in, const int8_t* in_zero,
                                             const int8_t* weights, int optional,
                                             const int32_t* sums, int32_t* out,
                                             thb_index_t in_count, thb_index_t out_count)
{
    const int32_t zero = in_zero ? THB_FLASH_S8(in_zero) : -128;
    for (; out_count > 0; out_count -= 4) {
        int32_t sum[4] = {0, 0, 0, 0};
        thb_index_t i;
        thb_dot_4_rv32(in, weights, in_count, sum, sum, zero);
        for (i = 0; i < 4 && i < out_count; ++i)
            *out++ = (optional && !sums ? 0 : *sums++) + sum[i];
        weights += 4 * in_count;
    }
}
