// Integer LSTM with DSP instructions: same bits as thb_lstm_s8.
//
// The four gates of a unit are two pairs of outputs of dot_dsp.h, (input, forget) and (cell,
// output). The expanded h is at once the copy of the old hidden state.
#include "arch/dsp/dot_dsp.h"
#include "arch/dsp/expand_dsp.h"
#include "arch/dsp/requantize_dsp.h"
#include "kernels/lstm_integer.h"

THB_KERNEL int32_t thb_saturate_s16(int32_t value)
{
    int32_t result;
    __asm__("ssat %0, #16, %1" : "=r"(result) : "r"(value));
    return result;
}

// One part of a gate from twice its sum, with a record of requantize_dsp.h.
THB_KERNEL int32_t thb_lstm_part_dsp(int32_t twice, const int32_t* scale, int form)
{
    int32_t value;
    if (form != THB_SCALE_FAST)
        return thb_saturate_s16(thb_multiply(twice >> 1, scale[0], (int8_t)scale[2]));
    value = thb_smmulr(twice, scale[0]);
    return thb_saturate_s16((value + (value >> 31) + scale[1]) >> scale[2]);
}

THB_KERNEL int32_t thb_lstm_gate_dsp(int32_t twice_x, int32_t twice_h, const int32_t* scale,
                                     int form)
{
    return thb_saturate_s16(thb_lstm_part_dsp(twice_x, scale, form) +
                            thb_lstm_part_dsp(twice_h, scale + 3 * THB_LSTM_GATES, form));
}

// One step: x_pairs and h_pairs are the expanded rows, the rest as in thb_lstm_s8_dsp.
THB_KERNEL void thb_lstm_step_dsp(const int32_t* x_pairs, const int32_t* h_pairs,
                                  const uint32_t* x_weights, const uint32_t* h_weights,
                                  const int32_t* bias, const int32_t* scales, int form, int8_t* h,
                                  int16_t* c, int32_t x_groups, int32_t h_groups, int32_t units,
                                  const thb_lstm_cell_t* cell)
{
    for (; units > 0; --units) {
        int32_t sums[THB_LSTM_SUMS], gates[THB_LSTM_GATES];
        memcpy(sums, bias, sizeof sums);
        x_weights = thb_dot_4x1(x_pairs, x_weights, x_groups, sums);
        h_weights = thb_dot_4x1(h_pairs, h_weights, h_groups, sums + THB_LSTM_GATES);
        gates[0] = thb_lstm_gate_dsp(sums[0] * 2, sums[4] * 2, scales, form);
        gates[1] =
            thb_lstm_gate_dsp((sums[1] - sums[0]) >> 7, (sums[5] - sums[4]) >> 7, scales + 3, form);
        gates[2] = thb_lstm_gate_dsp(sums[2] * 2, sums[6] * 2, scales + 6, form);
        gates[3] =
            thb_lstm_gate_dsp((sums[3] - sums[2]) >> 7, (sums[7] - sums[6]) >> 7, scales + 9, form);
        *h++ = (int8_t)thb_clamp(thb_lstm_unit(gates, c++, cell), -128, 127);
        bias += THB_LSTM_SUMS;
    }
}

// Arguments as those of thb_lstm_s8, but:
// x_weights, h_weights  per unit the words of thb_dot_4x1
// bias                  int32 [u][8]: the starts of S and T of two pairs for x, of two for h
// scales, form          int32 [8][3], records of requantize_dsp.h, zero point 0
// pairs                 work area, 8 bytes for each four inputs of x and of h, both filled up
THB_KERNEL void thb_lstm_s8_dsp(const int8_t* x, const uint32_t* x_weights,
                                const uint32_t* h_weights, const int32_t* bias,
                                const int32_t* scales, int form, const uint16_t* table, int8_t* h,
                                int16_t* c, int8_t* out, int sequence, int32_t* pairs,
                                THB_LSTM_SIZES)
{
    const thb_lstm_cell_t cell = THB_LSTM_CELL;
    thb_index_t n, t;
    for (n = 0; n < batches; ++n) {
        const int8_t* row = x;
        int8_t* to = out;
        for (t = 0; t < steps; ++t) {
            int32_t* const h_pairs = thb_expand_row(row, in_count, pairs);
            thb_expand_row(h, units, h_pairs);
            thb_lstm_step_dsp(pairs, h_pairs, x_weights, h_weights, bias, scales, form, h, c,
                              (in_count + 3) / 4, (units + 3) / 4, units, &cell);
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
