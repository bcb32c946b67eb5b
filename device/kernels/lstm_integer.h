// LSTM on integers: int8 or int16 activations, int8 weights, int16 cell (docs/numerics.md,
// "Recurrent layers").
//
// A gate's argument has 12 fraction bits and is the sum of two parts, each brought to int16 by
// itself, as the reference does:
//   part = sat16(multiply(bias + sum w * in)), gate = sat16(part of x + part of h)
// Zero points are folded into the biases. The gates stand in the order input, forget, cell, output.
// All four gates of a unit are computed at once, so the work area is the old hidden state alone:
// the new one is written where it lies.
#include "kernels/requantize.h"
#include "kernels/sigmoid.h"

#define THB_LSTM_GATES 4
#define THB_LSTM_SUMS 8  // four of x, then four of h

// What a unit's cell needs besides its gates.
typedef struct {
    const uint16_t* table;      // 16-bit sigmoid, in flash
    int cell_bits;              // product input * candidate to cell: divided by 2^cell_bits
    int16_t lowest, highest;    // of the cell
    int32_t tanh_multiplier;    // cell to steps of 1 / 12288: times this ...
    int tanh_shift;             // ... divided by 2^tanh_shift, rounded half up
    int hidden_bits;            // product output * tanh to hidden: divided by 2^hidden_bits; or 0:
    int32_t hidden_multiplier;  // ... thb_multiply
    int8_t hidden_shift;
    int16_t hidden_zero_point;
} thb_lstm_cell_t;

// The last parameters of all integer LSTM kernels, of every instruction set: `batches` sequences of
// `steps` rows, then how far rows lie apart, in elements, then the cell.
#define THB_LSTM_SIZES                                                                          \
    thb_index_t batches, thb_index_t steps, thb_index_t in_count, thb_index_t units,            \
        thb_index_t x_batch, thb_index_t x_step, thb_index_t out_batch, thb_index_t out_step,   \
        int cell_bits, int16_t lowest, int16_t highest, int32_t tanh_multiplier, int tanh_shift, \
        int hidden_bits, int32_t hidden_multiplier, int8_t hidden_shift,                        \
        int16_t hidden_zero_point

// The cell that they and `table` describe.
#define THB_LSTM_CELL                                                                           \
    {table,       cell_bits,         lowest,       highest,          tanh_multiplier,           \
     tanh_shift,  hidden_bits,       hidden_multiplier, hidden_shift, hidden_zero_point}

// value / 2^bits as the reference multiplies by a power of two, 1 <= bits <= 32, |value| <= 2^30:
// the two roundings R(H(value, 2^30), bits - 1) are nested floors, which join to
//   (value + 2^(bits-1) + 1) >> bits for value >= 0, with - 1 instead of + 1 below.
THB_KERNEL int32_t thb_lstm_shift(int32_t value, int bits)
{
    if (bits < 2 || bits > 30) return thb_multiply(value, INT32_C(1) << 30, (int8_t)(1 - bits));
    return (value + (value < 0 ? -1 : 1) + (INT32_C(1) << (bits - 1))) >> bits;
}

THB_KERNEL int32_t thb_lstm_saturate(int32_t value)
{
    return (int16_t)value == value ? value : (value >> 31) ^ INT32_C(32767);
}

// One part of a gate; `scale` holds multiplier and shift of thb_multiply.
THB_KERNEL int32_t thb_lstm_part(int32_t sum, const int32_t* scale)
{
    return thb_lstm_saturate(
        thb_multiply(sum, THB_FLASH_S32(scale), (int8_t)THB_FLASH_S32(scale + 1)));
}

// gates[g] from the eight sums of a unit; scales holds a pair for each sum.
THB_KERNEL void thb_lstm_gates(const int32_t* sums, const int32_t* scales, int32_t* gates)
{
    int8_t g;
    for (g = 0; g < THB_LSTM_GATES; ++g) {
        const int32_t of_x = thb_lstm_part(sums[g], scales);
        const int32_t of_h = thb_lstm_part(sums[g + THB_LSTM_GATES], scales + 2 * THB_LSTM_GATES);
        gates[g] = thb_lstm_saturate(of_x + of_h);
        scales += 2;
    }
}

// The same for 64-bit sums: pairs of thb_multiply64.
THB_KERNEL void thb_lstm_gates_s16(const int64_t* sums, const int32_t* scales, int32_t* gates)
{
    int32_t parts[THB_LSTM_SUMS];
    int8_t i;
    for (i = 0; i < THB_LSTM_SUMS; ++i)
        parts[i] = thb_lstm_saturate(thb_multiply64(sums[i], THB_FLASH_S32(scales + 2 * i),
                                                    (int8_t)THB_FLASH_S32(scales + 2 * i + 1)));
    for (i = 0; i < THB_LSTM_GATES; ++i)
        gates[i] = thb_lstm_saturate(parts[i] + parts[i + THB_LSTM_GATES]);
}

// thb_sigmoid_look(3 * gate, table): three times an int16 never reaches the table's last segment,
// and below 0 the function is 32768 minus that of the magnitude.
THB_KERNEL int32_t thb_lstm_sigmoid(int32_t gate, const uint16_t* table)
{
    const uint32_t v = (uint32_t)(gate < 0 ? -gate : gate) * 3u;
    const uint16_t* at = table + (v >> 9);
    const uint32_t begin = THB_FLASH_U16(at);
    const uint32_t y = (begin << 9) + (v & 511u) * (THB_FLASH_U16(at + 1) - begin);
    const int32_t value = (int32_t)((y + 512u) >> 10);
    return gate < 0 ? INT32_C(32768) - value : value;
}

// From the gates of a unit to its new cell and its new hidden state, which is returned with its
// zero point but not yet clamped to its type. cell_multiplier, cell_shift: of thb_multiply for
// input * candidate when the cell's scale is no power of two, else 0.
THB_KERNEL int32_t thb_lstm_unit_scaled(const int32_t* gates, int16_t* c,
                                        const thb_lstm_cell_t* cell, int32_t cell_multiplier,
                                        int8_t cell_shift)
{
    const int32_t input = thb_lstm_sigmoid(gates[0], cell->table);
    const int32_t forget = thb_lstm_sigmoid(gates[1], cell->table);
    const int32_t candidate = thb_tanh_look(gates[2] * 3, cell->table);
    const int32_t output = thb_lstm_sigmoid(gates[3], cell->table);
    const int32_t half = cell->tanh_shift > 0 ? INT32_C(1) << (cell->tanh_shift - 1) : 0;
    const int32_t kept = thb_lstm_shift(forget * *c, 15);
    int32_t added, value;
    if (cell_multiplier != 0) {
        added = thb_lstm_saturate(thb_multiply(input * candidate, cell_multiplier, cell_shift));
    } else {
        added = thb_lstm_shift(input * candidate, cell->cell_bits);
        if (cell->cell_bits < 15) added = thb_lstm_saturate(added);
    }
    value = thb_clamp(kept + added, cell->lowest, cell->highest);
    *c = (int16_t)value;
    value = thb_tanh_look((value * cell->tanh_multiplier + half) >> cell->tanh_shift, cell->table) *
            output;
    value = cell->hidden_bits > 0
                ? thb_lstm_shift(value, cell->hidden_bits)
                : thb_multiply(value, cell->hidden_multiplier, cell->hidden_shift);
    return value + cell->hidden_zero_point;
}

// The same for a cell whose scale is a power of two.
THB_KERNEL int32_t thb_lstm_unit(const int32_t* gates, int16_t* c, const thb_lstm_cell_t* cell)
{
    return thb_lstm_unit_scaled(gates, c, cell, 0, 0);
}

// Adds in[k] * weights[k][g] to four sums, modulo 2^32. A product is at most 16,384: fits an int of
// 16 bits, too. Two inputs a turn: on RV32 the loop itself is a fifth of the work of one.
THB_KERNEL void thb_lstm_dot_s8(const int8_t* in, const int8_t* weights, thb_index_t count,
                                int32_t* sums)
{
    uint32_t a = (uint32_t)sums[0], b = (uint32_t)sums[1];
    uint32_t c = (uint32_t)sums[2], d = (uint32_t)sums[3];
    if ((count & 1) != 0) {
        const int value = *in++;
        a += (uint32_t)(value * THB_FLASH_S8(weights));
        b += (uint32_t)(value * THB_FLASH_S8(weights + 1));
        c += (uint32_t)(value * THB_FLASH_S8(weights + 2));
        d += (uint32_t)(value * THB_FLASH_S8(weights + 3));
        weights += THB_LSTM_GATES;
        --count;
    }
    for (; count > 0; count = (thb_index_t)(count - 2)) {
        const int x = in[0], y = in[1];
        in += 2;
        a += (uint32_t)(x * THB_FLASH_S8(weights));
        b += (uint32_t)(x * THB_FLASH_S8(weights + 1));
        c += (uint32_t)(x * THB_FLASH_S8(weights + 2));
        d += (uint32_t)(x * THB_FLASH_S8(weights + 3));
        a += (uint32_t)(y * THB_FLASH_S8(weights + 4));
        b += (uint32_t)(y * THB_FLASH_S8(weights + 5));
        c += (uint32_t)(y * THB_FLASH_S8(weights + 6));
        d += (uint32_t)(y * THB_FLASH_S8(weights + 7));
        weights += 2 * THB_LSTM_GATES;
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}

// The same for int16 inputs; `wide` 0: the compiler has proven that the products of one sum add up
// within int32.
THB_KERNEL void thb_lstm_dot_s16(const int16_t* in, const int8_t* weights, thb_index_t count,
                                 int wide, int64_t* sums)
{
    if (wide) {
        for (; count > 0; --count) {
            const int32_t value = *in++;
            int8_t g;
            for (g = 0; g < THB_LSTM_GATES; ++g) sums[g] += value * THB_FLASH_S8(weights + g);
            weights += THB_LSTM_GATES;
        }
    } else {
        int32_t a = 0, b = 0, c = 0, d = 0;
        for (; count > 0; --count) {
            const int32_t value = *in++;
            a += value * THB_FLASH_S8(weights);
            b += value * THB_FLASH_S8(weights + 1);
            c += value * THB_FLASH_S8(weights + 2);
            d += value * THB_FLASH_S8(weights + 3);
            weights += THB_LSTM_GATES;
        }
        sums[0] += a;
        sums[1] += b;
        sums[2] += c;
        sums[3] += d;
    }
}

// `steps` steps of `batches` sequences, int8 activations.
//
// x        int8  rows of `in_count`, x_step elements from step to step (negative in reverse),
//                x_batch from one sequence to the next; `x` is the row that is taken first
// weights  int8  [u][i + u][4] in flash: per unit those of x, then those of h, four gates each
// bias     int32 [u][8]        in flash, zero points folded: gates of x, then of h
// scales   int32 [8][2] in flash: multiplier and shift of thb_multiply for each sum
// table    uint16 [256] in flash, see kernels/sigmoid.h
// h        int8  [n][u]        read and overwritten
// c        int16 [n][u]        read and overwritten
// out      int8  rows of `units`, strides as those of x; null and not written where `sequence` is 0
// old      int8  [u]           work area
// The rest: thb_lstm_cell_t and thb_lstm_unit_scaled. Sums are modulo 2^32, like the reference's.
THB_KERNEL void thb_lstm_s8(const int8_t* x, const int8_t* weights, const int32_t* bias,
                            const int32_t* scales, const uint16_t* table, int8_t* h, int16_t* c,
                            int8_t* out, int sequence, int8_t* old, THB_LSTM_SIZES,
                            int32_t cell_multiplier, int8_t cell_shift)
{
    const thb_lstm_cell_t cell = THB_LSTM_CELL;
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
                int8_t i;
                for (i = 0; i < THB_LSTM_SUMS; ++i) sums[i] = THB_FLASH_S32(start + i);
                thb_lstm_dot_s8(row, w, in_count, sums);
                w += (size_t)in_count * THB_LSTM_GATES;
                thb_lstm_dot_s8(old, w, units, sums + THB_LSTM_GATES);
                w += (size_t)units * THB_LSTM_GATES;
                start += THB_LSTM_SUMS;
                thb_lstm_gates(sums, scales, gates);
                h[u] = (int8_t)thb_clamp(
                    thb_lstm_unit_scaled(gates, c + u, &cell, cell_multiplier, cell_shift), -128,
                    127);
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

// The same for int16 activations: bias int64, `wide` as in thb_lstm_dot_s16, scales {multiplier,
// shift} of thb_multiply64.
THB_KERNEL void thb_lstm_s16(const int16_t* x, const int8_t* weights, const int64_t* bias,
                             const int32_t* scales, int wide, const uint16_t* table, int16_t* h,
                             int16_t* c, int16_t* out, int sequence, int16_t* old,
                             THB_LSTM_SIZES,
                             int32_t cell_multiplier, int8_t cell_shift)
{
    const thb_lstm_cell_t cell = THB_LSTM_CELL;
    thb_index_t n, t, u;
    for (n = 0; n < batches; ++n) {
        const int16_t* row = x;
        int16_t* to = out;
        for (t = 0; t < steps; ++t) {
            const int8_t* w = weights;
            const int64_t* start = bias;
            memcpy(old, h, (size_t)units * sizeof(int16_t));
            for (u = 0; u < units; ++u) {
                int64_t sums[THB_LSTM_SUMS];
                int32_t gates[THB_LSTM_GATES];
                int8_t i;
                for (i = 0; i < THB_LSTM_SUMS; ++i) sums[i] = THB_FLASH_S64(start + i);
                thb_lstm_dot_s16(row, w, in_count, wide, sums);
                w += (size_t)in_count * THB_LSTM_GATES;
                thb_lstm_dot_s16(old, w, units, wide, sums + THB_LSTM_GATES);
                w += (size_t)units * THB_LSTM_GATES;
                start += THB_LSTM_SUMS;
                thb_lstm_gates_s16(sums, scales, gates);
                h[u] = (int16_t)thb_lstm_saturate(
                    thb_lstm_unit_scaled(gates, c + u, &cell, cell_multiplier, cell_shift));
            }
            if (sequence) {
                memcpy(to, h, (size_t)units * sizeof(int16_t));
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
