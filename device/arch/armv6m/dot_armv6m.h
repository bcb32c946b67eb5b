// Inner loops for Armv6-M: eight low registers, MULS for 32 bits, no signed byte load with an
// offset.
//
// LDRB takes a constant offset, LDRSB does not. So activations and weights are stored unsigned,
// x' = x + 128 and w' = w + 128, and
//   sum x * w = sum x' * w' - 128 * sum x' - 128 * sum w' + 16384 * count.
// The last two terms are constant and folded into the bias; sum x' is taken once per row. All sums
// are modulo 2^32, like the reference's.
// The functions are naked, with arguments in r0 to r3, so that they need no register of the
// compiler's and are the same at every level of optimisation.
#include "port/thb_port.h"

// Input i of four outputs: 13 instructions for 4 products.
#define THB_DOT_4_STEP(x, w0, w1, w2, w3) \
    "ldrb r2, [r0, #" #x                  \
    "]\n\t"                               \
    "ldrb r3, [r1, #" #w0                 \
    "]\n\t"                               \
    "muls r3, r2\n\t"                     \
    "adds r4, r4, r3\n\t"                 \
    "ldrb r3, [r1, #" #w1                 \
    "]\n\t"                               \
    "muls r3, r2\n\t"                     \
    "adds r5, r5, r3\n\t"                 \
    "ldrb r3, [r1, #" #w2                 \
    "]\n\t"                               \
    "muls r3, r2\n\t"                     \
    "adds r6, r6, r3\n\t"                 \
    "ldrb r3, [r1, #" #w3                 \
    "]\n\t"                               \
    "muls r3, r2\n\t"                     \
    "adds r7, r7, r3\n\t"

// sum[o] += sum over x of x[k] * w[k][o] for four outputs; x to x_end is a multiple of eight bytes.
THB_NAKED void thb_dot_4_armv6m(const uint8_t* x THB_IN_ASM, const uint8_t* w THB_IN_ASM,
                                const uint8_t* x_end THB_IN_ASM, int32_t* sum THB_IN_ASM)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, lr}\n\t"
                     "mov r12, r2\n\t"
                     "mov lr, r3\n\t"
                     "ldmia r3!, {r4, r5, r6, r7}\n"
                     "1:\n\t"
                     THB_DOT_4_STEP(0, 0, 1, 2, 3)
                     THB_DOT_4_STEP(1, 4, 5, 6, 7)
                     THB_DOT_4_STEP(2, 8, 9, 10, 11)
                     THB_DOT_4_STEP(3, 12, 13, 14, 15)
                     THB_DOT_4_STEP(4, 16, 17, 18, 19)
                     THB_DOT_4_STEP(5, 20, 21, 22, 23)
                     THB_DOT_4_STEP(6, 24, 25, 26, 27)
                     THB_DOT_4_STEP(7, 28, 29, 30, 31)
                     "adds r0, r0, #8\n\t"
                     "adds r1, r1, #32\n\t"
                     "cmp r0, r12\n\t"
                     "bne 1b\n\t"
                     "mov r3, lr\n\t"
                     "stmia r3!, {r4, r5, r6, r7}\n\t"
                     "pop {r4, r5, r6, r7, pc}");
}

#define THB_OFFSET_STEP(i) \
    "ldrb r5, [r1, #" #i   \
    "]\n\t"                \
    "eors r5, r4\n\t"      \
    "strb r5, [r0, #" #i   \
    "]\n\t"                \
    "adds r3, r3, r5\n\t"

// to[i] = from[i] + 128 as unsigned bytes; returns their sum.
THB_NAKED int32_t thb_offset_run_armv6m(uint8_t* to THB_IN_ASM, const int8_t* from THB_IN_ASM,
                                        int32_t count THB_IN_ASM)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, lr}\n\t"
                     "movs r3, #0\n\t"
                     "movs r4, #128\n\t"
                     "subs r2, r2, #4\n\t"
                     "blt 2f\n"
                     "1:\n\t"
                     THB_OFFSET_STEP(0)
                     THB_OFFSET_STEP(1)
                     THB_OFFSET_STEP(2)
                     THB_OFFSET_STEP(3)
                     "adds r0, r0, #4\n\t"
                     "adds r1, r1, #4\n\t"
                     "subs r2, r2, #4\n\t"
                     "bge 1b\n"
                     "2:\n\t"
                     "adds r2, r2, #4\n\t"
                     "beq 4f\n"
                     "3:\n\t"
                     THB_OFFSET_STEP(0)
                     "adds r0, r0, #1\n\t"
                     "adds r1, r1, #1\n\t"
                     "subs r2, r2, #1\n\t"
                     "bne 3b\n"
                     "4:\n\t"
                     "movs r0, r3\n\t"
                     "pop {r4, r5, pc}");
}

// sum over taps of places[tap][channel] * w[taps - tap], w[1] the weight of the last tap: the
// weights stand in reverse, so that one counter ends the loop and finds the weight.
THB_NAKED int32_t thb_dot_taps_armv6m(const int8_t* const* places THB_IN_ASM,
                                      const int8_t* w THB_IN_ASM, int32_t channel THB_IN_ASM,
                                      int32_t taps THB_IN_ASM)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4, r5, r6, lr}\n\t"
        "movs r6, #0\n"
        "1:\n\t"
        "ldmia r0!, {r4}\n\t"
        "ldrsb r4, [r4, r2]\n\t"
        "ldrsb r5, [r1, r3]\n\t"
        "muls r4, r5\n\t"
        "adds r6, r6, r4\n\t"
        "subs r3, r3, #1\n\t"
        "bne 1b\n\t"
        "movs r0, r6\n\t"
        "pop {r4, r5, r6, pc}");
}
