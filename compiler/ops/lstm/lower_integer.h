// An integer LSTM as its kernels see it: everything constant folded, ranges of all sums known.
// One file per kernel set turns it into tables and calls: lower_integer.cc (portable),
// lower_dsp.cc, lower_mve.cc, lower_armv6m.cc, lower_rv32.cc, lower_avr.cc.
#pragma once

#include "numeric/short_requant.h"
#include "ops/lstm/lstm.h"
#include "ops/weights.h"

#include <array>
#include <vector>

namespace thimble {

constexpr size_t kLstmGates = 4;  // input, forget, cell, output
constexpr size_t kLstmSums = 8;   // of x for each gate, then of h

// One of a unit's eight sums over all units.
struct LstmSum {
    std::vector<int8_t> weights;  // [u][count]
    std::vector<int64_t> bias;    // [u], with the zero point's share
    int64_t count = 0;            // inputs of a row
    Requant requant;              // of thb_multiply, or of thb_multiply64 for int16
    AccRange range = {0, 0};      // of all units and all inputs, with the bias
    int64_t products_most = 0;    // greatest magnitude of the sum without the bias

    int64_t weight(int64_t unit, int64_t k) const
    {
        return weights[static_cast<size_t>(unit * count + k)];
    }
};

struct IntegerLstm {
    LstmSizes size = {};
    std::array<LstmSum, kLstmSums> sums;
    int cell_bits = 0;  // input * candidate to cell: a power of two; 0: by `cell`
    Requant cell;       // multiplier 0: by `cell_bits`
    int32_t lowest = 0, highest = 0;
    int32_t tanh_multiplier = 0;
    int tanh_shift = 0;
    int hidden_bits = 0;  // 0: by `hidden`
    Requant hidden;
    int32_t hidden_zero_point = 0;
    // Steps of the kernel through x and the output, in elements.
    int64_t x_batch = 0, x_step = 0, out_batch = 0, out_step = 0;
    Arg x, h, c, out;
    bool sequence = true;  // every step's h goes to the output
};

// The arguments of all LSTM kernels behind x, weights, biases and multipliers:
//   sigmoid table, h, c, out, sequence, work, batches, steps, in_count, units, strides, cell
std::vector<Arg> lstm_cell_args(LowerContext& context, const IntegerLstm& lstm, const Arg& work);
// Multiplier and shift of thb_multiply (int16: thb_multiply64) for each sum.
Arg lstm_exact_scales(LowerContext& context, const IntegerLstm& lstm);

// The four gates of x (first 0) or h (kLstmGates) as one layer, output 4 * unit + gate.
IntegerLayer lstm_gate_layer(const IntegerLstm& lstm, size_t first);

// Records of device/arch/dsp/requantize_dsp.h with zero point 0, for each sum.
struct GateScales {
    bool fast = true;
    std::vector<int32_t> records;
};
GateScales gate_scales(const IntegerLstm& lstm);

void add_lstm_dsp(LowerContext& context, const IntegerLstm& lstm, std::vector<Variant>& variants);
void add_lstm_armv6m(LowerContext& context, const IntegerLstm& lstm,
                     std::vector<Variant>& variants);
void add_lstm_mve(LowerContext& context, const IntegerLstm& lstm, std::vector<Variant>& variants);
void add_lstm_rv32(LowerContext& context, const IntegerLstm& lstm, std::vector<Variant>& variants);
void add_lstm_avr(LowerContext& context, const IntegerLstm& lstm, std::vector<Variant>& variants);

}  // namespace thimble
