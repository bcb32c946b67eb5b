// Operators that hold graphs: scan, while, if.
//
// A body is a Graph of its own. Its inputs stand for the node's inputs, in the order stated below;
// it owns its constants. A state tensor is never declared in a body: the node takes it as an input,
// the body has an input in its place (kind activation, never written but by the operators that
// write their state), and reading and writing it inside acts on the outer tensor.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <memory>

namespace thimble {

// Runs `body` once for each of `trip_count` steps:
//
//   node inputs:   sequences..., carried..., captured...
//   body inputs:   one slice of each sequence (axis of size 1), carried..., captured...
//   body outputs:  carried..., stacked...
//   node outputs:  carried..., stacked...
//
// Before step 0 the carried values are the node's inputs; the body's outputs become the carried
// values of the next step, at last the node's outputs. Each stacked output is written into its
// slice of the node's output. With `reverse` the steps take the slices from the last to the first,
// and write theirs at the same places.
struct ScanAttributes {
    std::shared_ptr<const Graph> body;
    int64_t trip_count = 0;
    bool reverse = false;
    std::vector<int64_t> sequence_axes;  // one per sequence input: the axis that is time
    int64_t carried = 0;                 // number of carried values
    std::vector<int64_t> stacked_axes;   // one per stacked output
    std::string kind;  // what a recogniser saw in the body: "lstm", "gru", "simple_rnn" or empty
};

// Runs `body` as long as `condition` gives true. All inputs are carried: node inputs, node outputs,
// the inputs of both graphs and the outputs of `body` agree in number, type and shape; `condition`
// has one bool output of one element.
struct WhileAttributes {
    std::shared_ptr<const Graph> condition;
    std::shared_ptr<const Graph> body;
};

// Runs one of two graphs. Node input 0 is the bool, the others are the inputs of both graphs.
struct IfAttributes {
    std::shared_ptr<const Graph> then_graph;
    std::shared_ptr<const Graph> else_graph;
};

}  // namespace thimble
