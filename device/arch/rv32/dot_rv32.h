// Inner loops for RV32IM: bytes are loaded with their sign, any two registers are multiplied.
//
// A product takes the load of its weight, a multiplication and an addition; the input's load and
// the loop are shared by the outputs that have a register each: eight outputs take 3.3 instructions
// a product, one takes 7. Two products in one multiplication, (w0 + 2^16 * w1) * x, gain nothing:
// the sum of more than two products of bytes leaves 16 bits, and parting the sums after each pair
// costs what the multiplications saved.
// All sums are modulo 2^32, like the reference's. The functions are naked and use only registers
// that a call may change, so that they are the same at every level of optimisation.
#include "port/thb_port.h"

#define THB_DOT_1_RV32(sum, place) \
    "lb a6, " #place               \
    "(a1)\n\t"                     \
    "mul a6, a6, a5\n\t"           \
    "add " #sum ", " #sum ", a6\n\t"

// One input, at `x` from a0, of eight outputs with weights from `w0` on: 25 instructions.
#define THB_DOT_8_STEP_RV32(x, w0, w1, w2, w3, w4, w5, w6, w7)                                   \
    "lb a5, " #x "(a0)\n\t" THB_DOT_1_RV32(t0, w0) THB_DOT_1_RV32(t1, w1) THB_DOT_1_RV32(t2, w2) \
        THB_DOT_1_RV32(t3, w3) THB_DOT_1_RV32(t4, w4) THB_DOT_1_RV32(t5, w5)                     \
            THB_DOT_1_RV32(t6, w6) THB_DOT_1_RV32(a7, w7)

// sums[o] = starts[o] + sum_k in[k] * weights[k][o] for eight outputs; count >= 1.
THB_NAKED void thb_dot_8_rv32(const int8_t* in THB_IN_ASM, const int8_t* weights THB_IN_ASM,
                              int32_t count THB_IN_ASM, const int32_t* starts THB_IN_ASM,
                              int32_t* sums THB_IN_ASM)
{
    __asm__ volatile(
        "lw t0, 0(a3)\n\t"
        "lw t1, 4(a3)\n\t"
        "lw t2, 8(a3)\n\t"
        "lw t3, 12(a3)\n\t"
        "lw t4, 16(a3)\n\t"
        "lw t5, 20(a3)\n\t"
        "lw t6, 24(a3)\n\t"
        "lw a7, 28(a3)\n\t"
        "andi a5, a2, 1\n\t"
        "add a2, a0, a2\n\t"
        "beqz a5, 1f\n\t"
        // An odd count begins with the second half of a turn.
        "addi a0, a0, -1\n\t"
        "addi a1, a1, -8\n\t"
        "j 2f\n"
        "1:\n\t"
        THB_DOT_8_STEP_RV32(0, 0, 1, 2, 3, 4, 5, 6, 7)
        "2:\n\t"
        THB_DOT_8_STEP_RV32(1, 8, 9, 10, 11, 12, 13, 14, 15)
        "addi a0, a0, 2\n\t"
        "addi a1, a1, 16\n\t"
        "bne a0, a2, 1b\n\t"
        "sw t0, 0(a4)\n\t"
        "sw t1, 4(a4)\n\t"
        "sw t2, 8(a4)\n\t"
        "sw t3, 12(a4)\n\t"
        "sw t4, 16(a4)\n\t"
        "sw t5, 20(a4)\n\t"
        "sw t6, 24(a4)\n\t"
        "sw a7, 28(a4)\n\t"
        "ret");
}

// One input less the number in a5, of four outputs: 14 instructions.
#define THB_DOT_4_STEP_RV32(x, w0, w1, w2, w3)                                               \
    "lb a7, " #x "(a0)\n\tsub a7, a7, a5\n\t"                                               \
    "lb a6, " #w0 "(a1)\n\tmul a6, a6, a7\n\tadd t0, t0, a6\n\t"                          \
    "lb a6, " #w1 "(a1)\n\tmul a6, a6, a7\n\tadd t1, t1, a6\n\t"                          \
    "lb a6, " #w2 "(a1)\n\tmul a6, a6, a7\n\tadd t2, t2, a6\n\t"                          \
    "lb a6, " #w3 "(a1)\n\tmul a6, a6, a7\n\tadd t3, t3, a6\n\t"

// sums[o] = starts[o] + sum_k (in[k] - zero) * weights[k][o] for four outputs; count >= 1.
THB_NAKED void thb_dot_4_rv32(const int8_t* in THB_IN_ASM, const int8_t* weights THB_IN_ASM,
                              int32_t count THB_IN_ASM, const int32_t* starts THB_IN_ASM,
                              int32_t* sums THB_IN_ASM, int32_t zero THB_IN_ASM)
{
    __asm__ volatile(
        "lw t0, 0(a3)\n\t"
        "lw t1, 4(a3)\n\t"
        "lw t2, 8(a3)\n\t"
        "lw t3, 12(a3)\n\t"
        "andi a7, a2, 1\n\t"
        "add a2, a0, a2\n\t"
        "beqz a7, 1f\n\t"
        "addi a0, a0, -1\n\t"
        "addi a1, a1, -4\n\t"
        "j 2f\n"
        "1:\n\t"
        THB_DOT_4_STEP_RV32(0, 0, 1, 2, 3)
        "2:\n\t"
        THB_DOT_4_STEP_RV32(1, 4, 5, 6, 7)
        "addi a0, a0, 2\n\t"
        "addi a1, a1, 8\n\t"
        "bne a0, a2, 1b\n\t"
        "sw t0, 0(a4)\n\t"
        "sw t1, 4(a4)\n\t"
        "sw t2, 8(a4)\n\t"
        "sw t3, 12(a4)\n\t"
        "ret");
}

#define THB_DOT_TAP_RV32(i, t)      \
    "lb a6, " #i "(a5)\n\t"         \
    "lb a7, " #i "(a1)\n\t"         \
    "mul a6, a6, a7\n\t"            \
    "add " #t ", " #t ", a6\n\t"

// sums[i] = starts[i] + sum over taps of places[tap][channel + i] * weights[tap][i] for four
// channels; taps >= 1.
THB_NAKED void thb_dot_taps_rv32(const int8_t* const* places THB_IN_ASM,
                                 const int8_t* weights THB_IN_ASM, int32_t taps THB_IN_ASM,
                                 const int32_t* starts THB_IN_ASM, int32_t* sums THB_IN_ASM,
                                 int32_t channel THB_IN_ASM)
{
    __asm__ volatile(
        "lw t0, 0(a3)\n\t"
        "lw t1, 4(a3)\n\t"
        "lw t2, 8(a3)\n\t"
        "lw t3, 12(a3)\n\t"
        "mv t4, a5\n"
        "1:\n\t"
        "lw a5, 0(a0)\n\t"
        "add a5, a5, t4\n\t"
        THB_DOT_TAP_RV32(0, t0)
        THB_DOT_TAP_RV32(1, t1)
        THB_DOT_TAP_RV32(2, t2)
        THB_DOT_TAP_RV32(3, t3)
        "addi a0, a0, 4\n\t"
        "addi a1, a1, 4\n\t"
        "addi a2, a2, -1\n\t"
        "bnez a2, 1b\n\t"
        "sw t0, 0(a4)\n\t"
        "sw t1, 4(a4)\n\t"
        "sw t2, 8(a4)\n\t"
        "sw t3, 12(a4)\n\t"
        "ret");
}
