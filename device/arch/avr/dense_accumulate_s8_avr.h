// One step of a dense layer over a sequence on AVR: same contract and bits as
// thb_dense_accumulate_s8. With x' = in + 128 and w' = weight + 128:
//   sum x' * weight = sum x' * w' - 128 * sum x'
//
// weights  uint8 [o / 5][i][5], w'; outputs that pad the last block are zero weights
// Range proven by the host: what one step adds to a sum fits 24 signed bits.
#include "arch/avr/dense_s8_avr.h"

THB_KERNEL void thb_dense_accumulate_s8_avr(const int8_t* in, const uint8_t* weights,
                                            const int32_t* sums, int32_t* out,
                                            thb_index_t in_count, thb_index_t out_count)
{
    uint32_t correction = 0;
    thb_index_t o, i;
    for (i = 0; i < in_count; ++i) correction += (uint8_t)((uint8_t)in[i] ^ 128u);
    correction <<= 7;
    for (o = 0; o < out_count; o = (thb_index_t)(o + THB_DENSE_AVR_BLOCK)) {
        uint8_t parts[3 * THB_DENSE_AVR_BLOCK + 1];
        const uint8_t* part = parts;
        uint8_t left =
            out_count - o < THB_DENSE_AVR_BLOCK ? (uint8_t)(out_count - o) : THB_DENSE_AVR_BLOCK;
        thb_dense_avr_block(in, weights, (uint16_t)in_count, parts);
        weights += THB_DENSE_AVR_BLOCK * in_count;
        for (; left > 0; --left) {
            // The fourth byte is the next sum's: only the lower three count.
            uint32_t low;
            memcpy(&low, part, 4);
            *out++ = *sums++ + ((int32_t)((low - correction) << 8) >> 8);
            part += 3;
        }
    }
}
