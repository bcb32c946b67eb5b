// From a float network, ranges and a precision for each node to the quantised graph.
//
// Every choice is made before (quantize.h); this is plain book-keeping, and a pure function:
// - groups: tensors that operators only move share one scale; functions with a fixed range have it;
// - an activation has the type of the node that computes it, at the scale of its group;
// - a reader that wants another type or scale gets a QUANTIZE or DEQUANTIZE between;
// - weights, biases and other constants are rounded to the scales of their role.
#pragma once

#include "quantize/observe.h"

#include <map>
#include <string>
#include <vector>

namespace thimble {

// What the arithmetic of one node is.
enum class Precision : uint8_t {
    real,   // float32, weights too
    half,   // float32 on float16 weights
    int8,   // int8 activations and weights
    int4,   // int8 activations, int4 weights
    int16,  // int16 activations, int8 weights
};

struct AssembleOptions {
    bool per_channel_dense = true;  // dense layers may have one scale for each output
    bool float_interface = false;   // inputs and outputs of the graph stay float32
};

struct Ranges {
    std::vector<Range> tensors;  // by tensor of the float network; of constants not used
    std::vector<Range> wide;     // the same for 16 bits, which cut nothing off; empty: as `tensors`
    std::vector<float> cells;    // by node: greatest magnitude of an lstm's cell state
};

struct Assembled {
    // Ids of the float network's tensors keep their meaning: tensor t holds, in another form, what
    // tensor t holds there.
    Graph graph;
    // By tensor of `graph`: the constant of the float network that it holds, kNoTensor for all
    // else. A constant that nodes read in different forms has several.
    std::vector<TensorId> float_of;
};

// The precision that a node gets where `wanted` is not possible: real, or int8 in a 16-bit network.
Precision possible_precision(const Graph& graph, const Node& node, Precision wanted);

// `precision` by node. Throws T0202, T0205 where an operator refuses what was made of it.
Assembled assemble(const FloatNetwork& network, const Ranges& ranges,
                   const std::vector<Precision>& precision, const AssembleOptions& options);

// Rounds the constants of `network` anew, at the scales that they have in `assembled`. For training
// that changes weights, not scales.
void requantize_weights(Assembled& assembled, const FloatNetwork& network);

}  // namespace thimble
