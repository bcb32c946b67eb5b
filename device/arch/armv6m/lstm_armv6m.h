// Integer LSTM for Armv6-M: same bits as thb_lstm_s8. Four gates share each input, bytes are stored
// unsigned, see dot_armv6m.h.
#include "arch/armv6m/dot_armv6m.h"
#include "kernels/lstm_integer.h"

// sum[g] += sum over x of x[k] * w[k][g], minus the word at x_end, for four gates. x to x_end are a
// multiple of four bytes, at least one; x_end is aligned to four.
THB_NAKED void thb_lstm_dot_armv6m(const uint8_t* x THB_IN_ASM, const uint8_t* w THB_IN_ASM,
                                   const uint8_t* x_end THB_IN_ASM, int32_t* sum THB_IN_ASM)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, lr}\n\t"
                     "mov r12, r2\n\t"
                     "mov lr, r3\n\t"
                     "ldmia r3!, {r4, r5, r6, r7}\n\t"
                     "ldr r2, [r2]\n\t"
                     "subs r4, r4, r2\n\t"
                     "subs r5, r5, r2\n\t"
                     "subs r6, r6, r2\n\t"
                     "subs r7, r7, r2\n"
                     "1:\n\t"
                     THB_DOT_4_STEP(0, 0, 1, 2, 3)
                     THB_DOT_4_STEP(1, 4, 5, 6, 7)
                     THB_DOT_4_STEP(2, 8, 9, 10, 11)
                     THB_DOT_4_STEP(3, 12, 13, 14, 15)
                     "adds r0, r0, #4\n\t"
                     "adds r1, r1, #16\n\t"
                     "cmp r0, r12\n\t"
                     "bne 1b\n\t"
                     "mov r3, lr\n\t"
                     "stmia r3!, {r4, r5, r6, r7}\n\t"
                     "pop {r4, r5, r6, r7, pc}");
}

// r6 = sat16(R(H(sum, multiplier), exponent)), sum at [r0 + offset], record at r1, in 28
// instructions: thb_high_mul of four 16-bit products, with the low half's carry rounding the shift.
// r12 0x4000, lr 0x7FFF.
#define THB_LSTM_PART_ARMV6M(offset)                                                            \
    "ldr r2, [r0, #" #offset                                                                    \
    "]\n\t"                                                                                     \
    "ldmia r1!, {r3, r4, r5}\n\t"                                                               \
    "asrs r6, r2, #16\n\tuxth r2, r2\n\tmovs r7, r2\n\tmuls r7, r3\n\tlsrs r7, r7, #16\n\t"     \
    "muls r3, r6\n\tadds r3, r3, r7\n\tmuls r2, r4\n\tuxth r7, r3\n\tadds r2, r2, r7\n\t"       \
    "add r2, r12\n\tmuls r6, r4\n\tasrs r3, r3, #16\n\tadds r6, r6, r3\n\tasrs r3, r2, #16\n\t" \
    "adds r6, r6, r3\n\tlsls r2, r2, #17\n\tadcs r6, r6\n\t"                                    \
    "asrs r7, r6, #31\n\tadds r6, r6, r7\n\tasrs r6, r5\n\tadds r6, r6, #1\n\tasrs r6, r6, "    \
    "#1\n\t" THB_LSTM_SATURATE_ARMV6M

#define THB_LSTM_SATURATE_ARMV6M                                                             \
    "sxth r7, r6\n\tcmp r7, r6\n\tbeq 1f\n\tasrs r6, r6, #31\n\tmov r7, lr\n\teors r6, r7\n" \
    "1:\n\t"

// sums[g] becomes gate g, for eight sums of a unit.
// records  int32 [4][2][3]: for each gate, for x and for h, the multiplier's lower and upper half
//          and exponent - 1 of thb_rounding_shift
THB_NAKED void thb_lstm_gates_armv6m(int32_t* sums THB_IN_ASM, const int32_t* records THB_IN_ASM)
{
    __asm__ volatile(".syntax unified\n\t"
                     "movs r2, #16\n\t"
                     "adds r2, r2, r0\n\t"
                     "push {r2, r4, r5, r6, r7, lr}\n\t"
                     "movs r2, #1\n\t"
                     "lsls r2, r2, #14\n\t"
                     "mov r12, r2\n\t"
                     "lsls r2, r2, #1\n\t"
                     "subs r2, r2, #1\n\t"
                     "mov lr, r2\n"
                     "2:\n\t"
                     THB_LSTM_PART_ARMV6M(0)
                     "str r6, [r0]\n\t"
                     THB_LSTM_PART_ARMV6M(16)
                     "ldr r7, [r0]\n\t"
                     "adds r6, r6, r7\n\t"
                     THB_LSTM_SATURATE_ARMV6M
                     "stmia r0!, {r6}\n\t"
                     "ldr r7, [sp]\n\t"
                     "cmp r0, r7\n\t"
                     "bne 2b\n\t"
                     "pop {r2, r4, r5, r6, r7, pc}");
}

// Fills `patch` with the row and what its sums are too large by; returns the place of that word.
THB_KERNEL uint8_t* thb_lstm_patch_armv6m(uint8_t* patch, const int8_t* row, int32_t count)
{
    const int32_t correction = thb_offset_run_armv6m(patch, row, count) * 128;
    for (; (count & 3) != 0; ++count) patch[count] = 0;
    memcpy(patch + count, &correction, sizeof correction);
    return patch + count;
}

// Arguments as those of thb_lstm_s8, but:
// weights  uint8 [u][x, then h][k][4], w + 128; inputs are filled up to a multiple of four
// bias     int32 [u][8], corrected as dot_armv6m.h says
// scales   shifts_right 1: records of thb_lstm_gates_armv6m, 0: as for thb_lstm_s8
// patch    work area, aligned to four: x and h, each filled up and followed by one word
THB_KERNEL void thb_lstm_s8_armv6m(const int8_t* x, const uint8_t* weights, const int32_t* bias,
                                   const int32_t* scales, int shifts_right, const uint16_t* table,
                                   int8_t* h, int16_t* c, int8_t* out, int sequence, uint8_t* patch,
                                   THB_LSTM_SIZES)
{
    const thb_lstm_cell_t cell = THB_LSTM_CELL;
    thb_index_t n, t, u;
    for (n = 0; n < batches; ++n) {
        const int8_t* row = x;
        int8_t* to = out;
        for (t = 0; t < steps; ++t) {
            const uint8_t* const x_end = thb_lstm_patch_armv6m(patch, row, in_count);
            uint8_t* const old = patch + (x_end - patch) + sizeof(int32_t);
            const uint8_t* const h_end = thb_lstm_patch_armv6m(old, h, units);
            const uint8_t* w = weights;
            const int32_t* start = bias;
            for (u = 0; u < units; ++u) {
                int32_t sums[THB_LSTM_SUMS];
                memcpy(sums, start, sizeof sums);
                thb_lstm_dot_armv6m(patch, w, x_end, sums);
                w += (x_end - patch) * THB_LSTM_GATES;
                thb_lstm_dot_armv6m(old, w, h_end, sums + THB_LSTM_GATES);
                w += (h_end - old) * THB_LSTM_GATES;
                start += THB_LSTM_SUMS;
                if (shifts_right) {
                    thb_lstm_gates_armv6m(sums, scales);
                } else {
                    int32_t gates[THB_LSTM_GATES];
                    thb_lstm_gates(sums, scales, gates);
                    memcpy(sums, gates, sizeof gates);
                }
                h[u] = (int8_t)thb_clamp(thb_lstm_unit(sums, c + u, &cell), -128, 127);
            }
            if (sequence) {
                memcpy(to, h, (size_t)units);
                to += out_step;
            }
            row += x_step;
        }
        x += x_batch;
        h += units;
        c += units;
        if (sequence) out += out_batch;
    }
}
