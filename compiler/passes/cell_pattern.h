// The dataflow of an LSTM, GRU or simple RNN cell in the body of a scan.
//
// Gates are affine functions of x and h: products with rows of one matrix or of several, sums,
// biases; they may be cut out of one long vector by split or slice. What counts is the function,
// not the order of operands. Nothing is proven here: prove_same_results decides.
#pragma once

#include "ir/graph.h"
#include "ops/recurrent.h"

#include <optional>
#include <string>
#include <vector>

namespace thimble {

// y[j] = sum_i weights[row + j][column + i] * source[i], i < columns
struct AffineTerm {
    TensorId source;
    TensorId weights;  // constant of the body, [rows, columns]
    int64_t row, column, columns;
};
struct AffineBias {
    TensorId bias;  // constant with one element, or read from `row` on
    int64_t row;
};
struct Affine {
    std::vector<AffineTerm> terms;
    std::vector<AffineBias> biases;
};

struct CellPattern {
    std::string kind;  // "lstm", "gru", "simple_rnn"
    // lstm: i, f, c, o; gru: z, r, h; simple_rnn: one. Sources are body inputs x and h.
    std::vector<Affine> gates;
    Affine recurrent_candidate;  // gru with reset_after: what r multiplies
    bool reset_after = false;
    CellActivation activation = CellActivation::tanh;
    CellActivation recurrent_activation = CellActivation::sigmoid;
    size_t hidden = 0, cell = 0;  // which of the carried values
};

// `x`: the body's input that is one step of the sequence; `carried`: number of carried values, the
// inputs behind it and the first outputs.
std::optional<CellPattern> match_cell(const Graph& body, size_t x, size_t carried);

// The tensor whose elements `id` holds, under any shape.
TensorId without_reshapes(const Graph& body, TensorId id);

}  // namespace thimble
