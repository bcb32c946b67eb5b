// Dot products of expanded rows (expand_dsp.h) with weights of two outputs in one halfword.
//
// Two outputs' weights for one input, u and v, are stored as p = 256 * v + u, which fits int16.
// Then
//   T = sum p * x = 256 * V + U and S = sum signext8(p) * x = U, so that V = (T - S) >> 8,
// exact while |V| < 2^23, which the compiler proves; T itself may wrap. One SXTB16 thus serves four
// weights where plain int8 weights need two, and the flash is the same: one byte a weight.
// A group is four inputs: two words per pair of outputs, (p0, p2) and (p1, p3).
// (Own idea; packing two products in one multiplier is known from FPGA DSP slices.)
// The functions are naked, with arguments in r0 to r3: they need all registers, and are the same at
// every level of optimisation.
#include "port/thb_port.h"

// Four inputs of two rows, two outputs: 16 products in 12 instructions.
// r0 inputs, r1 weights, r4 r5 S and T of row 0, r6 r7 of row 1.
#define THB_DOT_2X2_GROUP               \
    "ldmia r0!, {r8, r9, r10, r11}\n\t" \
    "ldmia r1!, {r12, lr}\n\t"          \
    "smlad r5, r8, r12, r5\n\t"         \
    "smlad r7, r9, r12, r7\n\t"         \
    "sxtb16 r12, r12\n\t"               \
    "smlad r4, r8, r12, r4\n\t"         \
    "smlad r6, r9, r12, r6\n\t"         \
    "smlad r5, r10, lr, r5\n\t"         \
    "smlad r7, r11, lr, r7\n\t"         \
    "sxtb16 lr, lr\n\t"                 \
    "smlad r4, r10, lr, r4\n\t"         \
    "smlad r6, r11, lr, r6\n\t"

// Four inputs of one row, four outputs (two pairs): 16 products in 14 instructions.
// r0 inputs, r1 weights, r4 r5 S and T of the first pair, r6 r7 of the second.
#define THB_DOT_4X1_GROUP                \
    "ldmia r0!, {r8, r9}\n\t"            \
    "ldmia r1!, {r10, r11, r12, lr}\n\t" \
    "smlad r5, r8, r10, r5\n\t"          \
    "sxtb16 r10, r10\n\t"                \
    "smlad r7, r8, r11, r7\n\t"          \
    "sxtb16 r11, r11\n\t"                \
    "smlad r4, r8, r10, r4\n\t"          \
    "smlad r6, r8, r11, r6\n\t"          \
    "smlad r5, r9, r12, r5\n\t"          \
    "sxtb16 r12, r12\n\t"                \
    "smlad r7, r9, lr, r7\n\t"           \
    "sxtb16 lr, lr\n\t"                  \
    "smlad r4, r9, r12, r4\n\t"          \
    "smlad r6, r9, lr, r6\n\t"

// r2 groups, four at a time and then one by one; ends the function: stores the sums, returns r1.
#define THB_DOT_LOOPS(GROUP)         \
    "subs r2, r2, #4\n\t"            \
    "blt 2f\n"                       \
    "1:\n\t" GROUP GROUP GROUP GROUP \
    "subs r2, r2, #4\n\t"            \
    "bge 1b\n"                       \
    "2:\n\t"                         \
    "adds r2, r2, #4\n\t"            \
    "beq 4f\n"                       \
    "3:\n\t" GROUP                   \
    "subs r2, r2, #1\n\t"            \
    "bne 3b\n"                       \
    "4:\n\t"                         \
    "stmia r3, {r4, r5, r6, r7}\n\t" \
    "mov r0, r1\n\t"                 \
    "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}"

// Sums of `groups` (at least 1) groups. Before: sum[0], sum[1] the starts of S and T. After:
// sum[0], sum[1] S and T of row 0, sum[2], sum[3] of row 1. Returns the weights behind those used.
THB_NAKED const uint32_t* thb_dot_2x2(const int32_t* x THB_IN_ASM, const uint32_t* w THB_IN_ASM,
                                      int32_t groups THB_IN_ASM, int32_t* sum THB_IN_ASM)
{
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldrd r4, r5, [r3]\n\t"
        "mov r6, r4\n\t"
        "mov r7, r5\n\t" THB_DOT_LOOPS(THB_DOT_2X2_GROUP));
}

// As thb_dot_2x2 with sum[0], sum[1]: S and T of the first pair; sum[2], sum[3]: of the second,
// also before. Weights of a group: (p0, p2) of both pairs, then (p1, p3) of both.
THB_NAKED const uint32_t* thb_dot_4x1(const int32_t* x THB_IN_ASM, const uint32_t* w THB_IN_ASM,
                                      int32_t groups THB_IN_ASM, int32_t* sum THB_IN_ASM)
{
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldmia r3, {r4, r5, r6, r7}\n\t" THB_DOT_LOOPS(THB_DOT_4X1_GROUP));
}
