// Integer LSTM on AVR: same bits as thb_lstm_s8, about 9 cycles a multiply-accumulate.
//
// Inputs and weights are offset to unsigned, as in dense_s8_avr.h, and four gates are summed at
// once in 24 bits: exact, since the host has proven the range of every sum. The parts of the gates
// are requantised exactly, by one 24 x 32 bit product: with m = 2 * multiplier,
//   H(sum, multiplier) = (sum * m + 2^31) >> 32
// fits 24 bits, and R(H, exponent) is a short shift.
#include "kernels/lstm_integer.h"

// sums[3 * g + b] = byte b of start[g] + correction + sum_k in[k] * weights[k][g], modulo 2^24.
// block  uint8: start[4] of three bytes, then [k][4], in flash; returns the place behind it
// in     uint8 [k], count >= 1
static __attribute__((noinline, unused)) const uint8_t* thb_lstm_dot_avr(
    const uint8_t* in, const uint8_t* block, uint16_t count, uint32_t correction, uint8_t* sums)
{
#define THB_LSTM_START(sum, byte) "lpm " sum ", Z+\n\tadd " sum ", " byte "\n\t"
#define THB_LSTM_CARRY(sum, byte) "lpm " sum ", Z+\n\tadc " sum ", " byte "\n\t"
#define THB_LSTM_MAC(low, middle, high)                                                      \
    "lpm r19, Z+\n\tmul r18, r19\n\tadd " low ", r0\n\tadc " middle ", r1\n\tadc " high ", " \
                                                                                        "r14\n\t"
#define THB_LSTM_INPUT                                                             \
    "ld r18, X+\n\t" THB_LSTM_MAC("r2", "r3", "r4") THB_LSTM_MAC("r5", "r6", "r7") \
        THB_LSTM_MAC("r8", "r9", "r10") THB_LSTM_MAC("r11", "r12", "r13")
    __asm__ volatile(
        THB_LSTM_START("r2", "%A[c]") THB_LSTM_CARRY("r3", "%B[c]") THB_LSTM_CARRY("r4", "%C[c]")
        THB_LSTM_START("r5", "%A[c]") THB_LSTM_CARRY("r6", "%B[c]") THB_LSTM_CARRY("r7", "%C[c]")
        THB_LSTM_START("r8", "%A[c]") THB_LSTM_CARRY("r9", "%B[c]") THB_LSTM_CARRY("r10", "%C[c]")
        THB_LSTM_START("r11", "%A[c]") THB_LSTM_CARRY("r12", "%B[c]") THB_LSTM_CARRY("r13", "%C[c]")
        "clr r14\n\t"
        "sbiw %[count], 4\n\t"
        "brcc 1f\n\t"
        "rjmp 2f\n"
        "1:\n\t"
        THB_LSTM_INPUT THB_LSTM_INPUT THB_LSTM_INPUT THB_LSTM_INPUT
        "sbiw %[count], 4\n\t"
        "brcs 2f\n\t"
        "rjmp 1b\n"
        "2:\n\t"
        "adiw %[count], 4\n\t"
        "breq 4f\n"
        "3:\n\t"
        THB_LSTM_INPUT
        "sbiw %[count], 1\n\t"
        "brne 3b\n"
        "4:\n\t"
        "clr r1\n\t"
        "movw r26, %[sums]\n\t"
        "st X+, r2\n\tst X+, r3\n\tst X+, r4\n\tst X+, r5\n\tst X+, r6\n\tst X+, r7\n\t"
        "st X+, r8\n\tst X+, r9\n\tst X+, r10\n\tst X+, r11\n\tst X+, r12\n\tst X+, r13\n\t"
        : "+x"(in), "+z"(block), [count] "+w"(count)
        : [sums] "r"(sums), [c] "r"(correction)
        : "r0", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r18", "r19", "memory");
#undef THB_LSTM_START
#undef THB_LSTM_CARRY
#undef THB_LSTM_MAC
#undef THB_LSTM_INPUT
    return block;
}

// One part of a gate: sat16(R(H(sum, multiplier), exponent)).
// sum     uint8 [3]  signed, little-endian
// record  uint8 [5]  in flash: 2 * multiplier, little-endian, then the exponent
// Rows of partial products, one for each byte of m; only the carry of the lowest byte counts. The
// sum's highest byte is signed (MULSU), so each row is extended by its sign.
static __attribute__((noinline, unused)) int16_t thb_lstm_part_avr(const uint8_t* sum,
                                                                   const uint8_t* record)
{
    int16_t result;
    __asm__(
        "ld r20, X+\n\tld r21, X+\n\tld r22, X\n\t"
        "clr r18\n\t"
        "lpm r23, Z+\n\t"
        "mul r20, r23\n\tmov r19, r1\n\t"
        "mulsu r22, r23\n\tmovw %A[r], r0\n\t"
        "mul r21, r23\n\tadd r19, r0\n\tadc %A[r], r1\n\tadc %B[r], r18\n\t"
        "clr r26\n\tsbrc %B[r], 7\n\tcom r26\n\t"
        "lpm r23, Z+\n\t"
        "mul r20, r23\n\tadd r19, r0\n\tadc %A[r], r1\n\tadc %B[r], r18\n\tadc r26, r18\n\t"
        "mulsu r22, r23\n\tadd %B[r], r0\n\tadc r26, r1\n\t"
        "mul r21, r23\n\tadd %A[r], r0\n\tadc %B[r], r1\n\tadc r26, r18\n\t"
        "clr r27\n\tsbrc r26, 7\n\tcom r27\n\t"
        "lpm r23, Z+\n\t"
        "mul r20, r23\n\tadd %A[r], r0\n\tadc %B[r], r1\n\tadc r26, r18\n\tadc r27, r18\n\t"
        "mulsu r22, r23\n\tadd r26, r0\n\tadc r27, r1\n\t"
        "mul r21, r23\n\tadd %B[r], r0\n\tadc r26, r1\n\tadc r27, r18\n\t"
        "clr r19\n\tsbrc r27, 7\n\tcom r18\n\t"
        "lpm r23, Z+\n\t"
        "mul r20, r23\n\tadd %B[r], r0\n\tadc r26, r1\n\tadc r27, r19\n\tadc r18, r19\n\t"
        "mulsu r22, r23\n\tadd r27, r0\n\tadc r18, r1\n\t"
        "mul r21, r23\n\tadd r26, r0\n\tadc r27, r1\n\tadc r18, r19\n\t"
        "clr r1\n\t"
        // r18 r27 r26: sum * m >> 32, the next bit is the highest of %B[r].
        "lsl %B[r]\n\tadc r26, r19\n\tadc r27, r19\n\tadc r18, r19\n\t"
        "lpm r23, Z\n\t"
        "tst r23\n\tbreq 2f\n\t"
        "mov r0, r18\n\tlsl r0\n\tsbc r26, r19\n\tsbc r27, r19\n\tsbc r18, r19\n"
        "1:\n\t"
        "asr r18\n\tror r27\n\tror r26\n\tdec r23\n\tbrne 1b\n\t"
        "adc r26, r19\n\tadc r27, r19\n\tadc r18, r19\n"
        "2:\n\t"
        "movw %A[r], r26\n\t"
        "lsl r27\n\tsbc r27, r27\n\tcp r27, r18\n\tbreq 3f\n\t"
        "ldi %A[r], 0xFF\n\tldi %B[r], 0x7F\n\tsbrs r18, 7\n\trjmp 3f\n\tclr %A[r]\n\tldi %B[r], "
        "0x80\n"
        "3:"
        : [r] "=&w"(result), "+x"(sum), "+z"(record)
        :
        : "r0", "r18", "r19", "r20", "r21", "r22", "r23");
    return result;
}

// Shared by the two functions below. %[v] = |v|, the sign of v in r21, r20:r19:r18 = 3 * |v|.
#define THB_LOOK_MAGNITUDE                                                                       \
    "mov r21, %B[v]\n\tsbrs %B[v], 7\n\trjmp 1f\n\tcom %B[v]\n\tneg %A[v]\n\tsbci %B[v], 0xFF\n" \
    "1:\n\tmovw r18, %[v]\n\tclr r20\n\tlsl r18\n\trol r19\n\trol r20\n\t"                       \
    "add r18, %A[v]\n\tadc r19, %B[v]\n\tadc r20, r1\n\t"

// %[v] = table[r19], %[t] = table[r19 + 1] - table[r19].
#define THB_LOOK_SEGMENT                                                                          \
    "movw r30, %[t]\n\tadd r30, r19\n\tadc r31, r1\n\tadd r30, r19\n\tadc r31, r1\n\t"            \
    "lpm %A[v], Z+\n\tlpm %B[v], Z+\n\tlpm %A[t], Z+\n\tlpm %B[t], Z\n\tsub %A[t], %A[v]\n\tsbc " \
    "%B[t], %B[v]\n\t"

// thb_sigmoid_look(3 * v, table) for int16 v: with the segment's begin b, its height d and its
// place f in 512 parts, floor((b + floor(f * d / 512) + 1) / 2); 32768 minus that below 0.
static __attribute__((noinline, unused)) int16_t thb_sigmoid_avr(int16_t v, const uint16_t* table)
{
    __asm__(THB_LOOK_MAGNITUDE
            "bst r19, 0\n\tlsr r20\n\tror r19\n\t" THB_LOOK_SEGMENT
            "mul r18, %A[t]\n\tmov r26, r1\n\t"
            "mul r18, %B[t]\n\tmov r27, r1\n\tclr r1\n\tadd r26, r0\n\tadc r27, r1\n\t"
            "brtc 2f\n\tadd r26, %A[t]\n\tadc r27, %B[t]\n"
            "2:\n\t"
            "lsr r27\n\tror r26\n\t"
            "add %A[v], r26\n\tadc %B[v], r27\n\tadiw %[v], 1\n\tror %B[v]\n\tror %A[v]\n\t"
            "sbrs r21, 7\n\trjmp 3f\n\t"
            "com %B[v]\n\tneg %A[v]\n\tsbci %B[v], 0xFF\n\tsubi %B[v], 0x80\n"
            "3:"
            : [v] "+w"(v), [t] "+r"(table)
            :
            : "r0", "r18", "r19", "r20", "r21", "r26", "r27", "r30", "r31");
    return v;
}

// thb_tanh_look(3 * v, table) for int16 v: b - 32768 + floor((f * d + 128) / 256), f in 256 parts;
// an odd function.
static __attribute__((noinline, unused)) int16_t thb_tanh_avr(int16_t v, const uint16_t* table)
{
    __asm__(THB_LOOK_MAGNITUDE
            "ldi %A[v], 0xFF\n\tldi %B[v], 0x7F\n\t"
            "tst r20\n\tbrne 2f\n\tcpi r19, 255\n\tbreq 2f\n\t" THB_LOOK_SEGMENT
            "mul r18, %A[t]\n\tldi r26, 128\n\tadd r0, r26\n\tmov r26, r1\n\tclr r27\n\tadc r26, "
            "r27\n\t"
            "mul r18, %B[t]\n\tadd r26, r0\n\tadc r27, r1\n\tclr r1\n\t"
            "add %A[v], r26\n\tadc %B[v], r27\n\tsubi %B[v], 0x80\n"
            "2:\n\t"
            "sbrs r21, 7\n\trjmp 3f\n\t"
            "com %B[v]\n\tneg %A[v]\n\tsbci %B[v], 0xFF\n"
            "3:"
            : [v] "+w"(v), [t] "+r"(table)
            :
            : "r0", "r18", "r19", "r20", "r21", "r26", "r27", "r30", "r31");
    return v;
}

// thb_lstm_shift of a * b, whose result fits int16.
THB_KERNEL int16_t thb_lstm_product_avr(int16_t a, int16_t b, int bits)
{
    int32_t product = (int32_t)a * b;
    int16_t high;
    if (bits < 15 || bits > 30) return (int16_t)thb_lstm_saturate(thb_lstm_shift(product, bits));
    product += (product < 0 ? -1 : 1) + (INT32_C(1) << (bits - 1));
    if (bits == 15) return (int16_t)((uint32_t)product >> 15);
    high = (int16_t)((uint32_t)product >> 16);
    return (int16_t)(high >> (bits - 16));
}

// thb_lstm_unit for gates of int16.
THB_KERNEL int8_t thb_lstm_unit_avr(const int16_t* gates, int16_t* c, const thb_lstm_cell_t* cell)
{
    const int16_t input = thb_sigmoid_avr(gates[0], cell->table);
    const int16_t forget = thb_sigmoid_avr(gates[1], cell->table);
    const int16_t candidate = thb_tanh_avr(gates[2], cell->table);
    const int16_t output = thb_sigmoid_avr(gates[3], cell->table);
    const int32_t sum = (int32_t)thb_lstm_product_avr(forget, *c, 15) +
                        thb_lstm_product_avr(input, candidate, cell->cell_bits);
    const int16_t state = (int16_t)thb_clamp(sum, cell->lowest, cell->highest);
    const int32_t half = cell->tanh_shift > 0 ? INT32_C(1) << (cell->tanh_shift - 1) : 0;
    int16_t level, hidden;
    *c = state;
    if (cell->tanh_multiplier == 3 && cell->tanh_shift == 0) {
        level = thb_tanh_avr(state, cell->table);
    } else {
        level =
            thb_tanh_look((state * cell->tanh_multiplier + half) >> cell->tanh_shift, cell->table);
    }
    if (cell->hidden_bits > 0) {
        hidden = thb_lstm_product_avr(level, output, cell->hidden_bits);
    } else {
        int32_t high = thb_high_mul((int32_t)level * output, cell->hidden_multiplier);
        // thb_rounding_shift by 17 to 30 bits: the upper half decides.
        if (cell->hidden_shift <= -17 && cell->hidden_shift >= -30) {
            high -= high < 0 ? 1 : 0;
            hidden = (int16_t)((uint32_t)high >> 16);
            hidden = (int16_t)((hidden + (1 << (-17 - cell->hidden_shift))) >>
                               (-16 - cell->hidden_shift));
        } else {
            hidden =
                (int16_t)thb_lstm_saturate(thb_rounding_shift(high, (int8_t)-cell->hidden_shift));
        }
    }
    return (int8_t)thb_clamp((int32_t)hidden + cell->hidden_zero_point, -128, 127);
}

// to[i] = from[i] + 128 as unsigned bytes; returns -128 times their sum.
static __attribute__((noinline, unused)) uint32_t thb_lstm_offset_avr(uint8_t* to,
                                                                      const int8_t* from,
                                                                      thb_index_t count)
{
    uint32_t sum = 0;
    for (; count > 0; --count) {
        const uint8_t value = (uint8_t)((uint8_t)*from++ ^ 128u);
        *to++ = value;
        sum += value;
    }
    return (uint32_t)0 - (sum << 7);
}

// Arguments as those of thb_lstm_s8, but:
// blocks   uint8 [u] blocks of thb_lstm_dot_avr in flash: that of x, then that of h
// records  uint8 [8][5] of thb_lstm_part_avr in flash: gates of x, then of h
// work     uint8 [i + u]
THB_KERNEL void thb_lstm_s8_avr(const int8_t* x, const uint8_t* blocks, const uint8_t* records,
                                const uint16_t* table, int8_t* h, int16_t* c, int8_t* out,
                                int sequence, uint8_t* work, thb_index_t batches, thb_index_t steps,
                                thb_index_t in_count, thb_index_t units, thb_index_t x_batch,
                                thb_index_t x_step, thb_index_t out_batch, thb_index_t out_step,
                                int cell_bits, int16_t lowest, int16_t highest,
                                int32_t tanh_multiplier, int tanh_shift, int hidden_bits,
                                int32_t hidden_multiplier, int8_t hidden_shift,
                                int16_t hidden_zero_point)
{
    const thb_lstm_cell_t cell = {table,           cell_bits,        lowest,      highest,
                                  tanh_multiplier, tanh_shift,       hidden_bits, hidden_multiplier,
                                  hidden_shift,    hidden_zero_point};
    uint8_t* const old = work + in_count;
    thb_index_t n, t, u;
    for (n = 0; n < batches; ++n) {
        const int8_t* row = x;
        int8_t* to = out;
        for (t = 0; t < steps; ++t) {
            const uint32_t x_correction = thb_lstm_offset_avr(work, row, in_count);
            const uint32_t h_correction = thb_lstm_offset_avr(old, h, units);
            const uint8_t* block = blocks;
            for (u = 0; u < units; ++u) {
                uint8_t sums[3 * THB_LSTM_SUMS];
                int16_t gates[THB_LSTM_GATES];
                uint8_t g;
                block = thb_lstm_dot_avr(work, block, (uint16_t)in_count, x_correction, sums);
                block = thb_lstm_dot_avr(old, block, (uint16_t)units, h_correction, sums + 12);
                for (g = 0; g < THB_LSTM_GATES; ++g) {
                    const int32_t of_x = thb_lstm_part_avr(sums + 3 * g, records + 5 * g);
                    const int32_t of_h = thb_lstm_part_avr(sums + 12 + 3 * g, records + 20 + 5 * g);
                    gates[g] = (int16_t)thb_lstm_saturate(of_x + of_h);
                }
                h[u] = thb_lstm_unit_avr(gates, c + u, &cell);
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
