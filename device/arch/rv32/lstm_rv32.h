// Integer LSTM for RV32IM: same bits as thb_lstm_s8.
//
// Two units' gates share each input (dot_rv32.h), and a part of a gate takes 14 instructions: the
// doubled multiplier makes the high word of the product the reference's first rounding.
#include "arch/rv32/dot_rv32.h"
#include "kernels/lstm_integer.h"

// sat16(R(H(sum, multiplier), exponent)); record: {2 * multiplier, 2^(exponent - 1), exponent}.
//   H = (sum * 2 * multiplier + 2^31) >> 32: the high word plus the low word's top bit
//   R = (H - (H < 0) + 2^(exponent - 1)) >> exponent: ties away from zero
// Range: |sum| < 2^30, so that nothing leaves int32.
THB_KERNEL int32_t thb_lstm_part_rv32(int32_t sum, const uint32_t* record)
{
    const int64_t product = (int64_t)sum * (int64_t)record[0];
    const int32_t high = (int32_t)(product >> 32) + (int32_t)((uint32_t)product >> 31);
    return thb_lstm_saturate((high + (high >> 31) + (int32_t)record[1]) >> record[2]);
}

// A unit's new h; `sums` of x, those of h lie two units on.
THB_KERNEL int8_t thb_lstm_unit_rv32(const int32_t* sums, const uint32_t* records, int16_t* c,
                                     const thb_lstm_cell_t* cell)
{
    int32_t gates[THB_LSTM_GATES];
    int32_t g;
    for (g = 0; g < THB_LSTM_GATES; ++g) {
        const int32_t of_x = thb_lstm_part_rv32(sums[g], records);
        const int32_t of_h =
            thb_lstm_part_rv32(sums[g + 2 * THB_LSTM_GATES], records + 3 * THB_LSTM_GATES);
        gates[g] = thb_lstm_saturate(of_x + of_h);
        records += 3;
    }
    return (int8_t)thb_clamp(thb_lstm_unit(gates, c, cell), -128, 127);
}

// One step from the row x and the old h.
THB_KERNEL void thb_lstm_step_rv32(const int8_t* x, const int8_t* old, const int8_t* weights,
                                   const int32_t* bias, const uint32_t* records, int8_t* h,
                                   int16_t* c, int32_t in_count, int32_t units,
                                   const thb_lstm_cell_t* cell)
{
    int32_t u, one;
    for (u = 0; u < units; u += 2) {
        int32_t sums[2 * THB_LSTM_SUMS];
        thb_dot_8_rv32(x, weights, in_count, bias, sums);
        weights += in_count * 2 * THB_LSTM_GATES;
        bias += 2 * THB_LSTM_GATES;
        thb_dot_8_rv32(old, weights, units, bias, sums + 2 * THB_LSTM_GATES);
        weights += units * 2 * THB_LSTM_GATES;
        bias += 2 * THB_LSTM_GATES;
        for (one = 0; one < 2 && u + one < units; ++one)
            h[u + one] =
                thb_lstm_unit_rv32(sums + one * THB_LSTM_GATES, records, c + u + one, cell);
    }
}

// Arguments as those of thb_lstm_s8, but:
// weights  int8 [u / 2][x, then h][k][2][4], zero for a unit that fills up
// bias     int32 [u / 2][x, then h][2][4] in flash, zero points folded
// records  uint32 [8][3], see thb_lstm_part_rv32
THB_KERNEL void thb_lstm_s8_rv32(const int8_t* x, const int8_t* weights, const int32_t* bias,
                                 const uint32_t* records, const uint16_t* table, int8_t* h,
                                 int16_t* c, int8_t* out, int sequence, int8_t* old, THB_LSTM_SIZES)
{
    const thb_lstm_cell_t cell = THB_LSTM_CELL;
    thb_index_t n, t;
    for (n = 0; n < batches; ++n) {
        const int8_t* row = x;
        int8_t* to = out;
        for (t = 0; t < steps; ++t) {
            memcpy(old, h, (size_t)units);
            thb_lstm_step_rv32(row, old, weights, bias, records, h, c, in_count, units, &cell);
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
