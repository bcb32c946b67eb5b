// One step of a dense layer over a sequence with DSP instructions: same contract and bits as
// thb_dense_accumulate_s8.
//
// weights  pairs of outputs, see dot_dsp.h; inputs and outputs are filled up with zero weights
// scratch  int32: pairs of the inputs
#include "arch/dsp/expand_dsp.h"
#include "arch/dsp/dot_dsp.h"
#include "kernels/dense_accumulate.h"

// Two bytes of `word`, sign-extended, plus the halves of `offsets`; the even ones or the odd ones.
THB_KERNEL int32_t thb_even_pair_plus(uint32_t word, uint32_t offsets)
{
    int32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(offsets), "r"(word));
    return result;
}

THB_KERNEL int32_t thb_odd_pair_plus(uint32_t word, uint32_t offsets)
{
    int32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(offsets), "r"(word));
    return result;
}

// scratch = pairs of in[0 .. count - 1] - zero, as thb_expand_row orders them.
THB_KERNEL void thb_expand_less_zero(const int8_t* in, int32_t count, int32_t zero,
                                     int32_t* scratch)
{
    const uint32_t offsets = (uint32_t)(-zero & 0xFFFF) * 0x10001u;
    for (; count > 0; count -= 4) {
        const uint32_t word = count < 4 ? thb_partial_word(in, count) : thb_load_word(in);
        scratch[0] = thb_even_pair_plus(word, offsets);
        scratch[1] = thb_odd_pair_plus(word, offsets);
        in += 4;
        scratch += 2;
    }
}

// scratch = pairs of in[0 .. count - 1] + 128.
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

THB_KERNEL void thb_dense_accumulate_s8_dsp(const int8_t* in, const int8_t* in_zero,
                                            const uint32_t* weights, int optional,
                                            const int32_t* sums, int32_t* out,
                                            thb_index_t in_count, thb_index_t out_count,
                                            int32_t* scratch)
{
    const int32_t none[4] = {0, 0, 0, 0};
    const int32_t groups = (in_count + 3) / 4;
    thb_index_t o;
    if (in_zero) thb_expand_less_zero(in, in_count, THB_FLASH_S8(in_zero), scratch);
    else thb_expand_offset_row(in, in_count, scratch);
    for (o = 0; o < out_count; o += 4) {
        const int32_t* const from = optional && !sums ? none : sums + o;
        int32_t sum[4] = {0, 0, 0, 0};
        weights = thb_dot_4x1(scratch, weights, groups, sum);
        // S is the first of a pair; the second is recovered from T = 256 * V + S.
        out[o] = from[0] + sum[0];
        if (o + 1 < out_count)
            out[o + 1] = from[1] + ((int32_t)((uint32_t)sum[1] - (uint32_t)sum[0]) >> 8);
        if (o + 2 < out_count) out[o + 2] = from[2] + sum[2];
        if (o + 3 < out_count)
            out[o + 3] = from[3] + ((int32_t)((uint32_t)sum[3] - (uint32_t)sum[2]) >> 8);
    }
}
