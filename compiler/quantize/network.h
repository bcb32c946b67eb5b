// The float network that is quantised: flat, every recurrence that has no integer form spelled out.
#pragma once

#include "ir/graph.h"
#include "ops/quantization_rule.h"

#include <cstdint>
#include <string>
#include <vector>

namespace thimble {

// Values of all graph inputs for one run, as the float graph takes them.
using CalibrationRun = std::vector<std::vector<uint8_t>>;

struct FloatNetwork {
    Graph graph;
    // Tensors that share one range, as they stand for one tensor of a loop.
    std::vector<std::vector<TensorId>> turns;
};

// Folds what is constant, brings float16 constants to float32 and spells out what has no integer
// form. Throws T0201 when a layer is not supported, T0202 when the network is quantised already.
FloatNetwork prepare_network(const Graph& graph);

// The node's rule; one that keeps everything for operators that stay in float.
QuantizationRule rule_of(const Graph& graph, const Node& node);
// Whether the node computes with real numbers at all.
bool is_real(const Graph& graph, const Node& node);

// What a network is judged by: its outputs, then what goes into those that are a softmax or another
// function that squeezes large errors into small ones.
std::vector<TensorId> judged_tensors(const Graph& graph);

// Nodes that stand for one node of a loop, in all its turns, in groups; every other node alone. In
// the order of the first of each.
std::vector<std::vector<size_t>> layers_of(const FloatNetwork& network);
// What gets one precision: such a group with all that only moves its results; all of a recurrence.
std::vector<std::vector<size_t>> units_of(const FloatNetwork& network);
// Of a group: the first node's, without the number of its turn.
std::string layer_name(const FloatNetwork& network, const std::vector<size_t>& layer);

std::vector<float> float_values(const Tensor& constant);
void set_floats(Graph& graph, TensorId id, const std::vector<float>& values);

}  // namespace thimble
