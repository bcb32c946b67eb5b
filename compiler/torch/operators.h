// What single operators compute, on tensors with a batch axis.
#pragma once

#include "formats/tflite_writer.h"
#include "ir/graph.h"

#include <torch/types.h>

#include <functional>
#include <vector>

namespace thimble {

// A node to be evaluated: `value(i)` is its input i, undefined where it is absent.
struct NodeValues {
    const Graph& graph;
    const Node& node;
    const TfliteDraftOperator& form;  // as a file has it: the options
    std::function<torch::Tensor(size_t)> value;

    int64_t option(FlatField field, int64_t fallback = 0) const;
    const Tensor& input(size_t index) const { return graph.input(node, index); }
};

// The node's outputs. Tensors of the graph [steps, 1, ...], which spelled-out recurrences have,
// stand as [samples, steps, ...]. Throws T0202 for operators that training does not know.
std::vector<torch::Tensor> evaluate_operator(const NodeValues& values);

// The output of lstm, gru and simple_rnn (ops/recurrent.h).
torch::Tensor evaluate_recurrent(const NodeValues& values);

}  // namespace thimble
