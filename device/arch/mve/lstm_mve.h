// Integer LSTM with Helium (Armv8.1-M vectors): same bits as thb_lstm_s8.
//
// Sixteen products of a gate in one instruction. The last vector of a row is cut by the loop
// itself, so rows need no filling; weights do, because four gates share a row's vector.
#include "arch/dsp/lstm_dsp.h"
#include "kernels/lstm_integer.h"

// sums[g] += sum_k in[k] * weights[k / 16][g][k % 16], for four gates; count >= 1.
THB_NAKED void thb_lstm_dot_mve(const int8_t* in THB_IN_ASM, const int8_t* weights THB_IN_ASM,
                                int32_t count THB_IN_ASM, int32_t* sums THB_IN_ASM)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r6, r8, r10, r11, lr}\n\t"
                     "ldr r4, [r3]\n\t"
                     "ldr r6, [r3, #4]\n\t"
                     "ldr r8, [r3, #8]\n\t"
                     "ldr r10, [r3, #12]\n\t"
                     "dlstp.8 lr, r2\n"
                     "1:\n\t"
                     "vldrb.u8 q0, [r0], #16\n\t"
                     "vldrb.u8 q1, [r1], #16\n\t"
                     "vmladava.s8 r4, q0, q1\n\t"
                     "vldrb.u8 q2, [r1], #16\n\t"
                     "vmladava.s8 r6, q0, q2\n\t"
                     "vldrb.u8 q3, [r1], #16\n\t"
                     "vmladava.s8 r8, q0, q3\n\t"
                     "vldrb.u8 q1, [r1], #16\n\t"
                     "vmladava.s8 r10, q0, q1\n\t"
                     "letp lr, 1b\n\t"
                     "str r4, [r3]\n\t"
                     "str r6, [r3, #4]\n\t"
                     "str r8, [r3, #8]\n\t"
                     "str r10, [r3, #12]\n\t"
                     "pop {r4, r6, r8, r10, r11, pc}");
}

// Arguments as those of thb_lstm_s8, but:
// weights       int8 [u][x, then h][k / 16][4][16], filled up with zeros
// scales, form  int32 [8][3], records of requantize_dsp.h, zero point 0
THB_KERNEL void thb_lstm_s8_mve(const int8_t* x, const int8_t* weights, const int32_t* bias,
                                const int32_t* scales, int form, const uint16_t* table, int8_t* h,
                                int16_t* c, int8_t* out, int sequence, int8_t* old, THB_LSTM_SIZES)
{
    const thb_lstm_cell_t cell = THB_LSTM_CELL;
    const int32_t x_bytes = (in_count + 15) / 16 * 64, h_bytes = (units + 15) / 16 * 64;
    thb_index_t n, t, u;
    for (n = 0; n < batches; ++n) {
        const int8_t* row = x;
        int8_t* to = out;
        for (t = 0; t < steps; ++t) {
            const int8_t* w = weights;
            const int32_t* start = bias;
            memcpy(old, h, (size_t)units);
            for (u = 0; u < units; ++u) {
                int32_t sums[THB_LSTM_SUMS], gates[THB_LSTM_GATES];
                int8_t g;
                memcpy(sums, start, sizeof sums);
                thb_lstm_dot_mve(row, w, in_count, sums);
                w += x_bytes;
                thb_lstm_dot_mve(old, w, units, sums + THB_LSTM_GATES);
                w += h_bytes;
                start += THB_LSTM_SUMS;
                for (g = 0; g < THB_LSTM_GATES; ++g)
                    gates[g] = thb_lstm_gate_dsp(sums[g] * 2, sums[g + THB_LSTM_GATES] * 2,
                                                 scales + 3 * g, form);
                h[u] = (int8_t)thb_clamp(thb_lstm_unit(gates, c + u, &cell), -128, 127);
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
