// Who writes and who reads each tensor of a graph, for passes that look for patterns.
#pragma once

#include "ir/graph.h"

#include <cstddef>
#include <string>
#include <vector>

namespace thimble {

constexpr size_t kNoNode = static_cast<size_t>(-1);

struct Use {
    size_t node;   // index in Graph::nodes
    size_t input;  // which of its inputs
};

// Indices are those of the graph at the time of the call; a pass that edits nodes makes new links.
struct Links {
    explicit Links(const Graph& graph);

    std::vector<size_t> producer;        // by tensor: index of the node, or kNoNode
    std::vector<size_t> output_index;    // by tensor: which output of the producer
    std::vector<std::vector<Use>> uses;  // by tensor
    std::vector<bool> is_output;         // by tensor: of the graph
    // By tensor: for constants the first one of the same type, shape, quantisation and bytes;
    // converters store equal tensors twice.
    std::vector<TensorId> canonical;
};

bool same_quant(const Quantization& a, const Quantization& b);
// The same element type, shape and quantisation.
bool same_form(const Tensor& a, const Tensor& b);

// Sorts the nodes so that every tensor is written before it is read, otherwise in their order.
// Nodes that touch the same state keep their order. False, and nothing changed, when that cannot
// be: the nodes wait for each other.
bool sort_nodes(Graph& graph);

}  // namespace thimble
