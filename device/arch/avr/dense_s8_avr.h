// Fully connected int8 layers on AVR: five outputs at once, 9.4 cycles a multiply-accumulate.
//
// Activations and weights are offset to unsigned (u = q + 128), because MUL of unsigned bytes needs
// three cycles to accumulate into 24 bits where MULS needs four. With x = in + 128, w = weight + 128:
//   sum in * weight = sum x * w - 128 * sum x - 128 * sum w + 128 * 128 * count
// The last two terms are folded into the bias on the host, 128 * sum x is computed once for all outputs.
// All sums are taken modulo 2^24: exact, since the host has proven that the result fits 24 signed bits.
#include "kernels/requantize.h"

#define THB_DENSE_AVR_BLOCK 5  // outputs at once: 15 accumulator bytes fill the registers

// sums[3 * o + b] = byte b of sum_i (in[i] + 128) * weights[i][o], for one block of five outputs.
// weights  uint8 [i][5]  offset by 128, in flash;  in  int8 [i];  count >= 1
THB_KERNEL void thb_dense_avr_block(const int8_t* in, const uint8_t* weights, uint16_t count, uint8_t* sums)
{
    __asm__ volatile(
        "clr r2\n\tclr r3\n\tclr r4\n\tclr r5\n\tclr r6\n\tclr r7\n\tclr r8\n\tclr r9\n\tclr r10\n\t"
        "clr r11\n\tclr r12\n\tclr r13\n\tclr r14\n\tclr r15\n\tclr r16\n\tclr r17\n"
        "1:\n\t"
        "ld r19, X+\n\t"
        "subi r19, 128\n\t"
        "lpm r18, Z+\n\tmul r18, r19\n\tadd r2, r0\n\tadc r3, r1\n\tadc r4, r17\n\t"
        "lpm r18, Z+\n\tmul r18, r19\n\tadd r5, r0\n\tadc r6, r1\n\tadc r7, r17\n\t"
        "lpm r18, Z+\n\tmul r18, r19\n\tadd r8, r0\n\tadc r9, r1\n\tadc r10, r17\n\t"
        "lpm r18, Z+\n\tmul r18, r19\n\tadd r11, r0\n\tadc r12, r1\n\tadc r13, r17\n\t"
        "lpm r18, Z+\n\tmul r18, r19\n\tadd r14, r0\n\tadc r15, r1\n\tadc r16, r17\n\t"
        "sbiw %[count], 1\n\t"
        "brne 1b\n\t"
        "clr r1\n\t"
        "movw r26, %[sums]\n\t"
        "st X+, r2\n\tst X+, r3\n\tst X+, r4\n\tst X+, r5\n\tst X+, r6\n\tst X+, r7\n\tst X+, r8\n\t"
        "st X+, r9\n\tst X+, r10\n\tst X+, r11\n\tst X+, r12\n\tst X+, r13\n\tst X+, r14\n\t"
        "st X+, r15\n\tst X+, r16\n\t"
        : "+x"(in), "+z"(weights), [count] "+w"(count)
        : [sums] "r"(sums)
        : "r0", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
          "r16", "r17", "r18", "r19", "memory");
}

// weights      uint8 [block][i][5]  offset by 128; outputs that pad the last block are zero
// bias         int32 [o]            with every constant term folded in
// multipliers, shifts, clamp as in kernels/dense.h.  24-bit range proven by the host.
THB_KERNEL void thb_dense_s8_avr(const int8_t* in, const uint8_t* weights, const int32_t* bias, const int32_t* multipliers,
                                 const int8_t* shifts, int per_channel, int8_t* out, thb_index_t rows, thb_index_t in_count,
                                 thb_index_t out_count, int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    thb_index_t n, o, i;
    for (n = 0; n < rows; ++n) {
        const uint8_t* block = weights;
        int32_t correction = 0;
        for (i = 0; i < in_count; ++i) correction += (uint8_t)((uint8_t)in[i] + 128u);
        correction <<= 7;
        for (o = 0; o < out_count; o = (thb_index_t)(o + THB_DENSE_AVR_BLOCK)) {
            uint8_t sums[3 * THB_DENSE_AVR_BLOCK];
            uint8_t lane;
            thb_dense_avr_block(in, block, (uint16_t)in_count, sums);
            block += THB_DENSE_AVR_BLOCK * in_count;
            for (lane = 0; lane < THB_DENSE_AVR_BLOCK && o + lane < out_count; ++lane) {
                const thb_index_t channel = (thb_index_t)(o + lane);
                const thb_index_t at = per_channel ? channel : 0;
                const uint8_t* sum = sums + 3 * lane;
                const uint32_t low = (uint32_t)sum[0] | (uint32_t)sum[1] << 8 | (uint32_t)sum[2] << 16;
                // Exact modulo 2^24; moving the sign bit to the top and back extends it.
                const uint32_t total = low + (uint32_t)THB_FLASH_S32(bias + channel) - (uint32_t)correction;
                const int32_t acc = (int32_t)(total << 8) >> 8;
                const int32_t scaled = thb_multiply(acc, THB_FLASH_S32(multipliers + at), THB_FLASH_S8(shifts + at));
                *out++ = (int8_t)thb_clamp(scaled + out_zero_point, lowest, highest);
            }
        }
        in += in_count;
    }
}
