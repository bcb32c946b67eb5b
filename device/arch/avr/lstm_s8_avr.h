// Integer LSTM on AVR: same bits as thb_lstm_s8, about 9 cycles a multiply-accumulate.
//
// Inputs and weights are offset to unsigned, as in dense_s8_avr.h, and four gates are summed at
// once in 24 bits: exact, since the host has proven the range of every sum. The parts of the gates
// are requantised exactly too. Their multipliers come from float products of two scales and a power
// of two, so that they have 24 significant bits: with m = multiplier / 128,
//   H(sum, multiplier) = (sum * m + 2^23) >> 24
// is the upper half of a 24 x 24 bit product, and R(H, exponent) is a short shift.
#include "kernels/lstm_integer.h"

// A row in the work area: this header, then its elements as unsigned bytes.
typedef struct {
    uint16_t count;
    uint8_t correction[3];   // -128 times the sum of the unsigned bytes
    const uint8_t* records;  // of the four gates, see THB_LSTM_AVR_PART
} thb_lstm_row_avr_t;

#define THB_LSTM_AVR_START(sum, byte) "lpm " sum ", Z+\n\tadd " sum ", " byte "\n\t"
#define THB_LSTM_AVR_CARRY(sum, byte) "lpm " sum ", Z+\n\tadc " sum ", " byte "\n\t"
#define THB_LSTM_AVR_STARTS(low, middle, high) \
    THB_LSTM_AVR_START(low, "r20")             \
    THB_LSTM_AVR_CARRY(middle, "r21")          \
    THB_LSTM_AVR_CARRY(high,                   \
                       "r2"                    \
                       "2")
#define THB_LSTM_AVR_MAC(low, middle, high)                                             \
    "lpm r19, Z+\n\tmul r18, r19\n\tadd " low ", r0\n\tadc " middle ", r1\n\tadc " high \
    ", "                                                                                \
    "r14\n\t"
#define THB_LSTM_AVR_INPUT                                                                 \
    "ld r18, X+\n\t" THB_LSTM_AVR_MAC("r2", "r3", "r4") THB_LSTM_AVR_MAC("r5", "r6", "r7") \
        THB_LSTM_AVR_MAC("r8", "r9", "r10") THB_LSTM_AVR_MAC("r11", "r12", "r13")

// The row at X: three bytes for each gate in r2 to r13, start + correction + sum_k in[k] *
// weights[k][gate] modulo 2^24. Z: the starts, three bytes for each gate, then weights [k][4].
// Leaves X and Z behind what it read, the records in r17:r16, 0 in r14.
#define THB_LSTM_AVR_DOT \
    "ld r24, X+\n\tld r25, X+\n\tld r20, X+\n\tld r21, X+\n\tld r22, X+\n\t"                  \
    "ld r16, X+\n\tld r17, X+\n\tclr r14\n\t"                                                \
    THB_LSTM_AVR_STARTS("r2", "r3", "r4") THB_LSTM_AVR_STARTS("r5", "r6", "r7")               \
    THB_LSTM_AVR_STARTS("r8", "r9", "r10") THB_LSTM_AVR_STARTS("r11", "r12", "r13")           \
    "sbiw r24, 4\n\tbrcc 1f\n\trjmp 2f\n"                                                     \
    "1:\n\t" THB_LSTM_AVR_INPUT THB_LSTM_AVR_INPUT THB_LSTM_AVR_INPUT THB_LSTM_AVR_INPUT      \
    "sbiw r24, 4\n\tbrcs 2f\n\trjmp 1b\n"                                                     \
    "2:\n\tadiw r24, 4\n\tbreq 4f\n"                                                          \
    "3:\n\t" THB_LSTM_AVR_INPUT "sbiw r24, 1\n\tbrne 3b\n"                                   \
    "4:\n\tret\n"

// A part of a gate: r19:r18 = sat16(R(H(sum, multiplier), exponent)) of the signed sum r22:r25:r24;
// Z at its record, uint8 [4]: m = multiplier / 128 in three bytes, then the exponent. Rows of
// partial products in r15 r19 r18 r20 r15, one for each byte of m; only the carry of the lowest
// byte counts. The sum's highest byte is signed (MULSU), so each row is extended by its sign.
#define THB_LSTM_AVR_PART                                                              \
    "lpm r23, Z+\n\tmul r24, r23\n\tmov r15, r1\n\t"                                   \
    "mulsu r22, r23\n\tmov r20, r0\n\tmov r18, r1\n\t"                                 \
    "mul r25, r23\n\tadd r15, r0\n\tadc r20, r1\n\tadc r18, r14\n\t"                   \
    "clr r19\n\tsbrc r18, 7\n\tcom r19\n\t"                                            \
    "lpm r23, Z+\n\tmul r24, r23\n\tadd r15, r0\n\tadc r20, r1\n\tadc r18, r14\n\t"    \
    "adc r19, r14\n\tmulsu r22, r23\n\tadd r18, r0\n\tadc r19, r1\n\t"                 \
    "mul r25, r23\n\tadd r20, r0\n\tadc r18, r1\n\tadc r19, r14\n\t"                   \
    "clr r15\n\tsbrc r19, 7\n\tcom r15\n\t"                                            \
    "lpm r23, Z+\n\tmul r24, r23\n\tadd r20, r0\n\tadc r18, r1\n\tadc r19, r14\n\t"    \
    "adc r15, r14\n\tmulsu r22, r23\n\tadd r19, r0\n\tadc r15, r1\n\t"                 \
    "mul r25, r23\n\tadd r18, r0\n\tadc r19, r1\n\tadc r15, r14\n\t"                   \
    "lsl r20\n\tadc r18, r14\n\tadc r19, r14\n\tadc r15, r14\n\t"                      \
    "lpm r23, Z+\n\ttst r23\n\tbreq 2f\n\t"                                            \
    "mov r0, r15\n\tlsl r0\n\tsbc r18, r14\n\tsbc r19, r14\n\tsbc r15, r14\n"          \
    "1:\n\tasr r15\n\tror r19\n\tror r18\n\tdec r23\n\tbrne 1b\n\t"                    \
    "adc r18, r14\n\tadc r19, r14\n\tadc r15, r14\n"                                   \
    "2:\n\tmov r0, r19\n\tlsl r0\n\tsbc r0, r0\n\tcp r0, r15\n\tbreq 3f\n\t"           \
    "ldi r18, 0xFF\n\tldi r19, 0x7F\n\tsbrs r15, 7\n\trjmp 3f\n\tcom r18\n\tcom r19\n" \
    "3:\n\tret\n"

// The sums in r2 to r13 become parts in r3:r2, r5:r4, r7:r6, r9:r8.
#define THB_LSTM_AVR_PARTS                                                         \
    "movw r0, r16\n\tmovw r16, r30\n\tmovw r30, r0\n\t"                            \
    "movw r24, r2\n\tmov r22, r4\n\trcall 9f\n\tmovw r2, r18\n\t"                  \
    "mov r24, r5\n\tmov r25, r6\n\tmov r22, r7\n\trcall 9f\n\tmovw r4, r18\n\t"    \
    "movw r24, r8\n\tmov r22, r10\n\trcall 9f\n\tmovw r6, r18\n\t"                 \
    "mov r24, r11\n\tmov r25, r12\n\tmov r22, r13\n\trcall 9f\n\tmovw r8, r18\n\t" \
    "movw r30, r16\n\tret\n"

// The parts' saturating sum: high:low += the part of x on the stack.
#define THB_LSTM_AVR_ADD(low, high)                                               \
    "pop r19\n\tpop r18\n\tadd " low ", r18\n\tadc " high                         \
    ", r19\n\tbrvc 1f\n\t"                                                        \
    "ldi r18, 0xFF\n\tldi r19, 0x7F\n\tsbrs " high ", 7\n\tcom r18\n\tsbrs " high \
    ", 7\n\tcom r19\n\tmovw " low ", r18\n1:\n\t"

// The four gates of a unit, written behind the rows of x and h in `work`. Returns the place behind
// the unit's block.
THB_KERNEL const uint8_t* thb_lstm_gates_avr(const uint8_t* work, const uint8_t* block)
{
    __asm__ volatile(
        "rcall 7f\n\trcall 8f\n\t"
        "push r2\n\tpush r3\n\tpush r4\n\tpush r5\n\tpush r6\n\tpush r7\n\tpush r8\n\tpush r9\n\t"
        "rcall 7f\n\trcall 8f\n\t"
        THB_LSTM_AVR_ADD("r8", "r9") THB_LSTM_AVR_ADD("r6", "r7")
        THB_LSTM_AVR_ADD("r4", "r5") THB_LSTM_AVR_ADD("r2", "r3")
        "st X+, r2\n\tst X+, r3\n\tst X+, r4\n\tst X+, r5\n\t"
        "st X+, r6\n\tst X+, r7\n\tst X+, r8\n\tst X+, r9\n\t"
        "clr r1\n\trjmp 6f\n"
        "7:\n\t" THB_LSTM_AVR_DOT
        "8:\n\t" THB_LSTM_AVR_PARTS
        "9:\n\t" THB_LSTM_AVR_PART
        "6:"
        : "+x"(work), "+z"(block)
        :
        : "r0", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "memory");
    return block;
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

// Saturating sum.
THB_KERNEL int16_t thb_lstm_add_avr(int16_t a, int16_t b)
{
    __asm__(
        "add %A[a], %A[b]\n\tadc %B[a], %B[b]\n\tbrvc 1f\n\t"
        "mov r0, %B[a]\n\tldi %A[a], 0xFF\n\tldi %B[a], 0x7F\n\t"
        "sbrs r0, 7\n\tcom %A[a]\n\tsbrs r0, 7\n\tcom %B[a]\n"
        "1:"
        : [a] "+d"(a)
        : [b] "r"(b)
        : "r0");
    return a;
}

// thb_lstm_shift of a * b, whose result fits int16.
THB_KERNEL int16_t thb_lstm_product_avr(int16_t a, int16_t b, int bits)
{
    int32_t product = (int32_t)a * b;
    int16_t high;
    if (bits < 15 || bits > 30) return (int16_t)thb_lstm_saturate(thb_lstm_shift(product, bits));
    product += (product < 0 ? -1 : 1) + (INT32_C(1) << (bits - 1));
    if (bits == 15) return (int16_t)((uint32_t)product << 1 >> 16);
    high = (int16_t)((uint32_t)product >> 16);
    return (int16_t)(high >> (bits - 16));
}

// thb_multiply(level * output, multiplier, -exponent), saturated to int16.
// Mostly the upper halves of both factors decide: with z = level * output = high * 2^15 + r and
// multiplier = m * 2^15 + s, 0 <= r, s < 2^15,
//   z * multiplier / 2^46 lies within (p - 1/2, p + 5/2), p = (high * m) >> 16,
// and so does what the two roundings add, less than 2^-14 of p's unit. The result is
// floor((that + 2^(exponent - 16)) / 2^(exponent - 15)): where both ends agree, it is found; else
// (3 of 100) the exact product decides.
THB_KERNEL int16_t thb_lstm_hidden_avr(int16_t level, int16_t output, int32_t multiplier,
                                       int8_t exponent)
{
    const int32_t z = (int32_t)level * output;
    if (exponent >= 17 && exponent <= 28) {
        const int16_t high = (int16_t)((uint32_t)z << 1 >> 16);
        const uint16_t m = (uint16_t)((uint32_t)multiplier >> 15);
        const int16_t half = (int16_t)(1 << (exponent - 16));
        const int16_t p = (int16_t)(((int32_t)high * m) >> 16);
        if (p < 32760 - half) {
            const int16_t least = (int16_t)((p + half - 1) >> (exponent - 15));
            if (least == (int16_t)((p + half + 2) >> (exponent - 15))) return least;
        }
    }
    return (int16_t)thb_lstm_saturate(thb_rounding_shift(thb_high_mul(z, multiplier), exponent));
}

// thb_lstm_unit for gates of int16, with the clamp.
THB_KERNEL int8_t thb_lstm_unit_avr(const int16_t* gates, int16_t* c, const thb_lstm_cell_t* cell)
{
    const int16_t kept = thb_lstm_product_avr(thb_sigmoid_avr(gates[1], cell->table), *c, 15);
    const int16_t added =
        thb_lstm_product_avr(thb_sigmoid_avr(gates[0], cell->table),
                             thb_tanh_avr(gates[2], cell->table), cell->cell_bits);
    const int16_t output = thb_sigmoid_avr(gates[3], cell->table);
    const int16_t zero_point = cell->hidden_zero_point;
    int16_t state = thb_lstm_add_avr(kept, added);
    int16_t level, hidden;
    if (state < cell->lowest) state = cell->lowest;
    if (state > cell->highest) state = cell->highest;
    *c = state;
    if (cell->tanh_multiplier == 3 && cell->tanh_shift == 0) {
        level = thb_tanh_avr(state, cell->table);
    } else {
        const int32_t half = cell->tanh_shift > 0 ? INT32_C(1) << (cell->tanh_shift - 1) : 0;
        level =
            thb_tanh_look((state * cell->tanh_multiplier + half) >> cell->tanh_shift, cell->table);
    }
    if (cell->hidden_bits > 0) {
        hidden = thb_lstm_product_avr(level, output, cell->hidden_bits);
    } else {
        hidden = thb_lstm_hidden_avr(level, output, cell->hidden_multiplier,
                                     (int8_t)-cell->hidden_shift);
    }
    if (hidden > 127 - zero_point) return 127;
    if (hidden < -128 - zero_point) return -128;
    return (int8_t)(hidden + zero_point);
}

// Writes a row and its header; returns the place behind.
THB_KERNEL uint8_t* thb_lstm_row_avr(uint8_t* work, const int8_t* from, thb_index_t count,
                                     const uint8_t* records)
{
    uint8_t* to = work + sizeof(thb_lstm_row_avr_t);
    thb_lstm_row_avr_t header;
    uint32_t sum = 0;
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint8_t value = (uint8_t)((uint8_t)*from++ ^ 128u);
        *to++ = value;
        sum += value;
    }
    sum = (uint32_t)0 - (sum << 7);
    header.count = (uint16_t)count;
    header.correction[0] = (uint8_t)sum;
    header.correction[1] = (uint8_t)(sum >> 8);
    header.correction[2] = (uint8_t)(sum >> 16);
    header.records = records;
    memcpy(work, &header, sizeof header);
    return to;
}

// Arguments as those of thb_lstm_s8, but:
// blocks   uint8 in flash, per unit starts and weights of x, then of h, see THB_LSTM_AVR_DOT
// records  uint8 [8][4] in flash: gates of x, then of h, see THB_LSTM_AVR_PART
// work     i + u + 22 bytes: the rows of x and h with their headers, then four gates
THB_KERNEL void thb_lstm_s8_avr(const int8_t* x, const uint8_t* blocks, const uint8_t* records,
                                const uint16_t* table, int8_t* h, int16_t* c, int8_t* out,
                                int sequence, uint8_t* work, THB_LSTM_SIZES)
{
    const thb_lstm_cell_t cell = THB_LSTM_CELL;
    thb_index_t n, t, u;
    for (n = 0; n < batches; ++n) {
        const int8_t* row = x;
        int8_t* to = out;
        for (t = 0; t < steps; ++t) {
            uint8_t* const old = thb_lstm_row_avr(work, row, in_count, records);
            const int16_t* const gates =
                (const int16_t*)(const void*)thb_lstm_row_avr(old, h, units, records + 16);
            const uint8_t* block = blocks;
            for (u = 0; u < units; ++u) {
                block = thb_lstm_gates_avr(work, block);
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
