// Dot products of expanded rows (expand_dsp.h) with weights of two outputs in one halfword.
//
// Two outputs' weights for one input, u and v, are stored as p = 256 * v + u, which fits int16. Then
//   T = sum p * x = 256 * V + U and S = sum signext8(p) * x = U, so that V = (T - S) >> 8,
// exact while |V| < 2^23, which the compiler proves; T itself may wrap. One SXTB16 thus serves four
// weights where plain int8 weights need two, and the flash is the same: one byte a weight.
// A group is four inputs: two words per pair of outputs, (p0, p2) and (p1, p3).
// (Own idea; packing two products in one multiplier is known from FPGA DSP slices.)
// Registers are fixed because LDM fills them in ascending order; the ends of the loops stay in memory,
// because six sums and pointers and six operands are all that compilers give to one statement.
#include "port/thb_port.h"

// Four inputs of two rows, two outputs: 16 products in 12 instructions.
#define THB_DOT_2X2_GROUP \
    "ldmia %[x]!, {r4, r5, r6, r8}\n\t" \
    "ldmia %[w]!, {r9, r10}\n\t" \
    "smlad %[t0], r4, r9, %[t0]\n\t" \
    "smlad %[t1], r5, r9, %[t1]\n\t" \
    "sxtb16 r9, r9\n\t" \
    "smlad %[s0], r4, r9, %[s0]\n\t" \
    "smlad %[s1], r5, r9, %[s1]\n\t" \
    "smlad %[t0], r6, r10, %[t0]\n\t" \
    "smlad %[t1], r8, r10, %[t1]\n\t" \
    "sxtb16 r10, r10\n\t" \
    "smlad %[s0], r6, r10, %[s0]\n\t" \
    "smlad %[s1], r8, r10, %[s1]\n\t"

// Sums of `groups` (at least 1) groups. sum[0], sum[1]: S and T of row 0; sum[2], sum[3]: of row 1.
// Returns the weights behind those used.
THB_KERNEL const uint32_t* thb_dot_2x2(const int32_t* x, const uint32_t* w, int32_t groups, int32_t* sum)
{
    int32_t s0 = sum[0], t0 = sum[1], s1 = sum[2], t1 = sum[3];
    const int32_t* const end = x + groups * 4;
    const int32_t* const end_of_fours = x + groups / 4 * 16;
    __asm__ volatile("ldr r4, %[fours]\n\t"
                     "cmp %[x], r4\n\t"
                     "beq 2f\n"
                     "1:\n\t" THB_DOT_2X2_GROUP THB_DOT_2X2_GROUP THB_DOT_2X2_GROUP THB_DOT_2X2_GROUP
                     "ldr r4, %[fours]\n\t"
                     "cmp %[x], r4\n\t"
                     "bne 1b\n"
                     "2:\n\t"
                     "ldr r4, %[end]\n\t"
                     "cmp %[x], r4\n\t"
                     "beq 4f\n"
                     "3:\n\t" THB_DOT_2X2_GROUP
                     "ldr r4, %[end]\n\t"
                     "cmp %[x], r4\n\t"
                     "bne 3b\n"
                     "4:"
                     : [x] "+r"(x), [w] "+r"(w), [s0] "+r"(s0), [t0] "+r"(t0), [s1] "+r"(s1), [t1] "+r"(t1)
                     : [end] "m"(end), [fours] "m"(end_of_fours)
                     : "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
    sum[0] = s0;
    sum[1] = t0;
    sum[2] = s1;
    sum[3] = t1;
    return w;
}

// Four inputs of one row, four outputs (two pairs): 16 products in 14 instructions.
#define THB_DOT_4X1_GROUP \
    "ldmia %[x]!, {r4, r5}\n\t" \
    "ldmia %[w]!, {r6, r8, r9, r10}\n\t" \
    "smlad %[t0], r4, r6, %[t0]\n\t" \
    "sxtb16 r6, r6\n\t" \
    "smlad %[t1], r4, r8, %[t1]\n\t" \
    "sxtb16 r8, r8\n\t" \
    "smlad %[s0], r4, r6, %[s0]\n\t" \
    "smlad %[s1], r4, r8, %[s1]\n\t" \
    "smlad %[t0], r5, r9, %[t0]\n\t" \
    "sxtb16 r9, r9\n\t" \
    "smlad %[t1], r5, r10, %[t1]\n\t" \
    "sxtb16 r10, r10\n\t" \
    "smlad %[s0], r5, r9, %[s0]\n\t" \
    "smlad %[s1], r5, r10, %[s1]\n\t"

// As thb_dot_2x2 with sum[0], sum[1]: S and T of the first pair; sum[2], sum[3]: of the second.
// Weights of a group: (p0, p2) of both pairs, then (p1, p3) of both.
THB_KERNEL const uint32_t* thb_dot_4x1(const int32_t* x, const uint32_t* w, int32_t groups, int32_t* sum)
{
    int32_t s0 = sum[0], t0 = sum[1], s1 = sum[2], t1 = sum[3];
    const int32_t* const end = x + groups * 2;
    const int32_t* const end_of_fours = x + groups / 4 * 8;
    __asm__ volatile("ldr r4, %[fours]\n\t"
                     "cmp %[x], r4\n\t"
                     "beq 2f\n"
                     "1:\n\t" THB_DOT_4X1_GROUP THB_DOT_4X1_GROUP THB_DOT_4X1_GROUP THB_DOT_4X1_GROUP
                     "ldr r4, %[fours]\n\t"
                     "cmp %[x], r4\n\t"
                     "bne 1b\n"
                     "2:\n\t"
                     "ldr r4, %[end]\n\t"
                     "cmp %[x], r4\n\t"
                     "beq 4f\n"
                     "3:\n\t" THB_DOT_4X1_GROUP
                     "ldr r4, %[end]\n\t"
                     "cmp %[x], r4\n\t"
                     "bne 3b\n"
                     "4:"
                     : [x] "+r"(x), [w] "+r"(w), [s0] "+r"(s0), [t0] "+r"(t0), [s1] "+r"(s1), [t1] "+r"(t1)
                     : [end] "m"(end), [fours] "m"(end_of_fours)
                     : "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
    sum[0] = s0;
    sum[1] = t0;
    sum[2] = s1;
    sum[3] = t1;
    return w;
}
