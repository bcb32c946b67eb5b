// Nodes that passes write themselves, made by the same import hooks and infer as those of a file.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

// A node of the operator that imports `source_op` ("RESHAPE"), with the attributes of a file that
// gives no options, and one output of the quantisation `quant`, inferred. The caller gives it a
// place in `graph.nodes`.
Node new_node(Graph& graph, std::string_view source_op, std::vector<TensorId> inputs,
              std::string name, Quantization quant = {});
// A constant of rank 1.
TensorId add_integers(Graph& graph, std::string name, const std::vector<int64_t>& values);
// new_node for the operators that only move elements.
Node new_reshape(Graph& graph, TensorId in, const Shape& shape, std::string name);
Node new_slice(Graph& graph, TensorId in, const Shape& begin, const Shape& size, std::string name);
Node new_reverse(Graph& graph, TensorId in, size_t axis, std::string name);

// Whether two nodes compute the same function of their inputs, attributes and all.
bool same_function(const Node& a, const Node& b);
// Whether the node does what its operator does in a file without options: no activation, no flags.
bool has_default_attributes(const Node& node);

}  // namespace thimble
