// Recurrences written out as the operators they consist of, one copy for each step:
//
//   h = gru(x)   becomes   x_0, x_1, ... = unpack(x); h_1 = cell(x_0, h_0); h_2 = cell(x_1, h_1);
//   ...
//
// with the cell's products as dense layers of all gates (split behind them), add, mul, logistic,
// tanh. That is what file formats without such a layer hold, and what is quantised operator by
// operator. reroll_unrolled and scan_to_cell turn it back. Float sums are added in another order
// than in the layer's own kernel.
//
// Tested by tests/unit/passes/spell_out_test.cc.
#pragma once

#include "ir/graph.h"

#include <vector>

namespace thimble {

struct SpelledOut {
    Graph graph;  // tensor ids of the original graph keep their meaning
    // Groups of tensors that stand for one tensor of the loop, in different steps.
    std::vector<std::vector<TensorId>> turns;
};

// Spells out the nodes for which `wanted` is true: gru, simple_rnn, lstm, scan. A layer that keeps
// its state from call to call starts at its initial value in every call. Throws T0202 for variants
// that have no such form.
SpelledOut spell_out(const Graph& graph, bool (*wanted)(const Graph& graph, const Node& node));

// For files: what the TensorFlow Lite format has no operator for. An lstm or simple_rnn whose
// states are tensors of the graph, every gru and scan.
bool has_no_file_form(const Graph& graph, const Node& node);
// For quantisation: the same, and every simple_rnn, which has no integer form.
bool has_no_integer_form(const Graph& graph, const Node& node);

}  // namespace thimble
