// What lstm, gru and simple_rnn share: order in time, sizes, and what they return.
//
// Input 0 is x: [n, T, i], [T, n, i] when time_major, or [n, i] for a cell that takes one step.
// Output 0 is the hidden state of every step ([n, T, u], [T, n, u] or [n, u]), or with
// return_sequences false that of the last step only, [n, u]. A layer that runs in reverse starts
// with the last step of x; its output of step t stands at place t, and "last" means step 0.
//
// A hidden or cell state is an input of the node in one of two forms:
// - a state tensor: read before the first step and written after every step;
// - an activation or a constant: the initial state. The final states are then the outputs 1 (h) and
//   2 (c), where the node has them.
//
// The element type of x says the arithmetic (docs/numerics.md, "Recurrent layers"): int8 and int16
// are bit-equal to TFLM's kernel (`tflm`), float32 computes in float on weights that may be
// float32, float16 or int8. A quantised cell that a file spells out operator by operator
// (`composed`) stays these operators, in the body of a scan (control.h).
#pragma once

#include "ir/graph.h"

#include <cstdint>

namespace thimble {

// Activations of gates and cells, numbered as TFLite's ActivationFunctionType where it has them.
enum class CellActivation : uint8_t { none = 0, relu = 1, relu6 = 3, tanh = 4, sigmoid = 6 };

struct RecurrentAttributes {
    bool time_major = false;
    bool reverse = false;
    bool return_sequences = true;
    CellActivation activation = CellActivation::tanh;               // of candidate and output
    CellActivation recurrent_activation = CellActivation::sigmoid;  // of the gates
};

struct RecurrentSizes {
    int64_t batches, steps, in_count, units;
};

// The node's attributes when it is a recurrent layer, else null.
const RecurrentAttributes* recurrent_attributes(const Node& node);

// lstm, with the gates in the order input, forget, cell, output (i, f, c, o) everywhere:
//   i = s(Wi x + Ui h + Pi c + bi), f = s(Wf x + Uf h + Pf c + bf), g = a(Wc x + Uc h + bc)
//   c' = clip(f c + i g), o = s(Wo x + Uo h + Po c' + bo), h' = clip(R (o a(c')) + br)
// The inputs stand as in TFLite's UNIDIRECTIONAL_SEQUENCE_LSTM; weights are [u, i], [u, m],
// peepholes and biases [u], projection [m, u]; m = u without projection. Without input gate (i = 1
// - f) its weights are absent.
namespace lstm_input {
enum : size_t {
    x = 0,
    input_weights = 1,      // 4 tensors: i, f, c, o
    recurrent_weights = 5,  // 4 tensors
    peepholes = 9,          // 3 tensors: i, f, o
    biases = 12,            // 4 tensors
    projection = 16,
    projection_bias = 17,
    hidden = 18,
    cell = 19,
    layer_norm = 20,  // 4 tensors
    count = 24,
};
}
struct LstmAttributes : RecurrentAttributes {
    float cell_clip = 0;        // 0: none
    float projection_clip = 0;  // 0: none
};

// gru, with the gates in the order update, reset, candidate (z, r, h), biases [u] or absent:
//   z = s(Wz x + bz + Uz h + rz), r = s(Wr x + br + Ur h + rr)
//   reset_after:  g = a(Wh x + bh + r (Uh h + rh));  else  g = a(Wh x + bh + Uh (r h) + rh)
//   h' = z h + (1 - z) g
namespace gru_input {
enum : size_t {
    x = 0,
    input_weights = 1,      // 3 tensors [u, i]
    recurrent_weights = 4,  // 3 tensors [u, u]
    input_biases = 7,       // 3 tensors
    recurrent_biases = 10,  // 3 tensors
    hidden = 13,
    count = 14,
};
}
struct GruAttributes : RecurrentAttributes {
    bool reset_after = true;
};

// simple_rnn: h' = a(W x + U h + b).
namespace simple_rnn_input {
enum : size_t { x = 0, input_weights = 1, recurrent_weights = 2, bias = 3, hidden = 4, count = 5 };
}
struct SimpleRnnAttributes : RecurrentAttributes {
    float clip = 0;  // of the hidden state; 0: none
};

}  // namespace thimble
