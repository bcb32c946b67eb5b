// Fully connected int8 layers on AVR: five outputs at once, 9.4 cycles a multiply-accumulate.
//
// Activations and weights are offset to unsigned (u = q + 128), because MUL of unsigned bytes needs
// three cycles to accumulate into 24 bits where MULS needs four. With x = in + 128, w = weight +
// 128:
//   sum in * weight = sum x * w - 128 * sum x - 128 * sum w + 128 * 128 * count
// The last two terms are folded into the bias on the host, 128 * sum x is computed once for all
// outputs. All sums are taken modulo 2^24: exact, since the host has proven that the result fits 24
// signed bits.
#include "kernels/requantize.h"

#define THB_DENSE_AVR_BLOCK 5  // outputs at once: 15 accumulator bytes fill the registers

// sums[3 * o + b] = byte b of sum_i (in[i] + 128) * weights[i][o], for one block of five outputs.
// weights  uint8 [i][5]  offset by 128, in flash;  in  int8 [i];  count >= 1
THB_KERNEL void thb_dense_avr_block(const int8_t* in, const uint8_t* weights, uint16_t count,
                                    uint8_t* sums)
{
    __asm__ volatile(
        "clr r2\n\tclr r3\n\tclr r4\n\tclr r5\n\tclr r6\n\tclr r7\n\tclr r8\n\tclr r9\n\tclr "
        "r10\n\t"
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
        "st X+, r2\n\tst X+, r3\n\tst X+, r4\n\tst X+, r5\n\tst X+, r6\n\tst X+, r7\n\tst X+, "
        "r8\n\t"
        "st X+, r9\n\tst X+, r10\n\tst X+, r11\n\tst X+, r12\n\tst X+, r13\n\tst X+, r14\n\t"
        "st X+, r15\n\tst X+, r16\n\t"
        : "+x"(in), "+z"(weights), [count] "+w"(count)
        : [sums] "r"(sums)
        : "r0", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15", "r16", "r17", "r18", "r19", "memory");
}

// Bits 24 to 55 of acc * multiplier + (acc < 0 ? negative_offset : offset), acc of 24 signed bits.
// record  uint8 [18] in flash, little-endian: multiplier (4, unsigned), offset (7), negative_offset
// (7) About 165 cycles with the call; the exact form with two roundings takes about 350.
static __attribute__((noinline, unused)) int32_t thb_requantize_avr(int32_t acc,
                                                                    const uint8_t* record)
{
    // Product bytes 0 to 2 lie in low, 3 to 6 in high; the fourth byte of low is kept zero for
    // carries.
    uint32_t high, low, multiplier;
#define THB_CARRY_1 "adc %D[h], %D[l]\n\t"
#define THB_CARRY_2 "adc %C[h], %D[l]\n\t" THB_CARRY_1
#define THB_CARRY_3 "adc %B[h], %D[l]\n\t" THB_CARRY_2
#define THB_CARRY_4 "adc %A[h], %D[l]\n\t" THB_CARRY_3
#define THB_AT_1 "add %B[l], r0\n\tadc %C[l], r1\n\t" THB_CARRY_4
#define THB_AT_2 "add %C[l], r0\n\tadc %A[h], r1\n\t" THB_CARRY_3
#define THB_AT_3 "add %A[h], r0\n\tadc %B[h], r1\n\t" THB_CARRY_2
#define THB_AT_4 "add %B[h], r0\n\tadc %C[h], r1\n\t" THB_CARRY_1
#define THB_AT_5 "add %C[h], r0\n\tadc %D[h], r1\n\t"
#define THB_OFFSET(add, byte) "lpm r0, Z+\n\t" add " " byte ", r0\n\t"
    __asm__(
        "lpm %A[m], Z+\n\tlpm %B[m], Z+\n\tlpm %C[m], Z+\n\tlpm %D[m], Z+\n\tclr %D[l]\n\tclr "
        "%D[h]\n\t"
        "mul %A[a], %A[m]\n\tmovw %A[l], r0\n\tmul %B[a], %B[m]\n\tmov %C[l], r0\n\tmov %A[h], "
        "r1\n\t"
        "mul %C[a], %C[m]\n\tmov %B[h], r0\n\tmov %C[h], r1\n\t"
        "mul %A[a], %B[m]\n\t" THB_AT_1 "mul %B[a], %A[m]\n\t" THB_AT_1
        "mul %A[a], %C[m]\n\t" THB_AT_2 "mul %C[a], %A[m]\n\t" THB_AT_2
        "mul %A[a], %D[m]\n\t" THB_AT_3 "mul %B[a], %C[m]\n\t" THB_AT_3
        "mul %C[a], %B[m]\n\t" THB_AT_3 "mul %B[a], %D[m]\n\t" THB_AT_4
        "mul %C[a], %D[m]\n\t" THB_AT_5
        "clr r1\n\t"
        "sbrs %C[a], 7\n\trjmp 1f\n\t"
        "sub %A[h], %A[m]\n\tsbc %B[h], %B[m]\n\tsbc %C[h], %C[m]\n\tsbc %D[h], %D[m]\n\tadiw r30, "
        "7\n"
        "1:\n\t" THB_OFFSET("add", "%A[l]") THB_OFFSET("adc", "%B[l]") THB_OFFSET("adc", "%C[l]")
            THB_OFFSET("adc", "%A[h]") THB_OFFSET("adc", "%B[h]") THB_OFFSET("adc", "%C[h]")
                THB_OFFSET("adc", "%D[h]")
        : [h] "=&r"(high), [l] "=&r"(low), [m] "=&r"(multiplier), "+z"(record)
        : [a] "r"(acc)
        : "r0");
#undef THB_CARRY_1
#undef THB_CARRY_2
#undef THB_CARRY_3
#undef THB_CARRY_4
#undef THB_AT_1
#undef THB_AT_2
#undef THB_AT_3
#undef THB_AT_4
#undef THB_AT_5
#undef THB_OFFSET
    return (int32_t)high;
}

// All outputs of one row or patch of `in_count` inputs.
//
// weights      uint8 [block][i][5]  offset by 128; outputs that pad the last block are zero
// bias         int32 [o]            with every constant term folded in
// records      uint8 [o][18] or [1][18], per_channel 1 or 0; requantisation as thb_requantize_avr
// shift        32 or 40: bits that fall away; the zero point is in the offsets
// Ranges proven by the host: sums with bias fit 24 bits, results before the clamp 16 bits.
THB_KERNEL void thb_outputs_avr(const int8_t* in, const uint8_t* weights, const int32_t* bias,
                                const uint8_t* records, int per_channel, int shift, int8_t* out,
                                thb_index_t in_count, thb_index_t out_count, int16_t lowest,
                                int16_t highest)
{
    int32_t correction = 0;
    thb_index_t o, i;
    for (i = 0; i < in_count;) {
        uint16_t part = 0;  // 256 bytes cannot overflow it.
        const thb_index_t end = in_count - i < 256 ? in_count : (thb_index_t)(i + 256);
        for (; i < end; ++i) part = (uint16_t)(part + (uint8_t)((uint8_t)in[i] ^ 128u));
        correction += part;
    }
    correction <<= 7;
    for (o = 0; o < out_count; o = (thb_index_t)(o + THB_DENSE_AVR_BLOCK)) {
        uint8_t sums[3 * THB_DENSE_AVR_BLOCK + 1];
        const uint8_t* sum = sums;
        uint8_t left =
            out_count - o < THB_DENSE_AVR_BLOCK ? (uint8_t)(out_count - o) : THB_DENSE_AVR_BLOCK;
        thb_dense_avr_block(in, weights, (uint16_t)in_count, sums);
        weights += THB_DENSE_AVR_BLOCK * in_count;
        for (; left > 0; --left) {
            // The fourth byte is the next sum's; thb_requantize_avr reads three.
            int32_t acc;
            int16_t value;
            memcpy(&acc, sum, 4);
            acc += THB_FLASH_S32(bias) - correction;
            value = (int16_t)(thb_requantize_avr(acc, records) >> (shift - 24));
            if (value < lowest) value = lowest;
            if (value > highest) value = highest;
            *out++ = (int8_t)value;
            sum += 3;
            ++bias;
            if (per_channel) records += 18;
        }
    }
}

// The contract of thb_dense_s8 with the tables of thb_outputs_avr.
THB_KERNEL void thb_dense_s8_avr(const int8_t* in, const uint8_t* weights, const int32_t* bias,
                                 const uint8_t* records, int per_channel, int shift, int8_t* out,
                                 thb_index_t rows, thb_index_t in_count, thb_index_t out_count,
                                 int16_t lowest, int16_t highest)
{
    for (; rows > 0; --rows) {
        thb_outputs_avr(in, weights, bias, records, per_channel, shift, out, in_count, out_count,
                        lowest, highest);
        in += in_count;
        out += out_count;
    }
}
