// Operators that hold graphs: scan, while, if.
//
// A body is a Graph of its own. Its inputs stand for the node's inputs, in the order stated below,
// with the same type and shape; it owns its constants. A state tensor is never declared in a body:
// the node takes it as a captured input, the body lists a tensor of kind `state` among its inputs
// in its place, and reading and writing that inside acts on the outer tensor.
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

// Runs `body` as long as `condition` gives true:
//
//   node inputs, inputs of both graphs:   carried..., captured...
//   node outputs, body outputs:           carried...
//
// `condition` has one bool output of one element.
struct WhileAttributes {
    std::shared_ptr<const Graph> condition;
    std::shared_ptr<const Graph> body;
};

// Runs one of two graphs. Node input 0 is the bool, the others are the inputs of both graphs.
struct IfAttributes {
    std::shared_ptr<const Graph> then_graph;
    std::shared_ptr<const Graph> else_graph;
};

constexpr int kBodyDepthMax = 8;  // bodies inside of bodies; nets at hand have two

// The graphs that a node holds, in the order of its attributes; empty for most operators. A pass
// that rewrites bodies replaces them through set_bodies, in the same order.
std::vector<std::shared_ptr<const Graph>> bodies_of(const Node& node);
void set_bodies(Node& node, std::vector<std::shared_ptr<const Graph>> bodies);

// True when running the node changes a state tensor, in its bodies too: never folded or removed.
bool has_side_effect(const Node& node);

// Multiply-accumulates of one run of all nodes of a graph.
int64_t graph_macs(const Graph& graph);

// For infer: the body's inputs agree with the node's inputs from `first` on, in number, kind of
// state, type and shape; every node in it is supported. Throws T0201, T0202, T0203.
void check_body(const Graph& graph, const Node& node, const Graph& body, size_t first);
// One tensor stands for another: same type and shape. `role` for the message: "output 1 of the
// body".
void require_same_tensor(const Tensor& found, const Tensor& expected, const std::string& role);
void require_body_outputs(const Graph& body, size_t count);

}  // namespace thimble
