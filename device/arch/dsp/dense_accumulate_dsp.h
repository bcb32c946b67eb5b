// One step of a dense layer over a sequence with DSP instructions: same contract and bits as
// thb_dense_accumulate_s8.
//
// weights  pairs of outputs, see dot_dsp.h; inputs and outputs are filled up with zero weights
// scratch  int32: pairs of the inputs
#include "arch/dsp/dot_dsp.h"

// scratch = pairs of in[0 .. count - 1] + 128, as thb_expand_row of expand_dsp.h orders them.
THB_KERNEL void thb_expand_offset_row(const int8_t* in, int32_t count, int32_t* scratch)
{
    uint32_t word = 0;
    for (; count > 0; count -= 4) {
        memcpy(&word, in, count < 4 ? (size_t)count : 4);
        word ^= 0x80808080u;
        scratch[0] = (int32_t)(word & 0x00FF00FFu);
        scratch[1] = (int32_t)(word >> 8 & 0x00FF00FFu);
        in += 4;
        scratch += 2;
    }
}

THB_KERNEL void thb_dense_accumulate_s8_dsp(const int8_t* in, const uint32_t* weights,
                                            const int32_t* sums, int32_t* out,
                                            thb_index_t in_count, thb_index_t out_count,
                                            int32_t* scratch)
{
    const int32_t groups = (in_count + 3) / 4;
    thb_index_t o;
    thb_expand_offset_row(in, in_count, scratch);
    for (o = 0; o < out_count; o += 4) {
        int32_t sum[4] = {0, 0, 0, 0};
        weights = thb_dot_4x1(scratch, weights, groups, sum);
        // S is the first of a pair; the second is recovered from T = 256 * V + S.
        out[o] = sums[o] + sum[0];
        if (o + 1 < out_count)
            out[o + 1] = sums[o + 1] + ((int32_t)((uint32_t)sum[1] - (uint32_t)sum[0]) >> 8);
        if (o + 2 < out_count) out[o + 2] = sums[o + 2] + sum[2];
        if (o + 3 < out_count)
            out[o + 3] = sums[o + 3] + ((int32_t)((uint32_t)sum[3] - (uint32_t)sum[2]) >> 8);
    }
}
