// The float network that is quantised: flat, every recurrence that has no integer form spelled out.
#pragma once

#include "ir/graph.h"
#include "ops/quantization_rule.h"

#include <cstdint>
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

std::vector<float> float_values(const Tensor& constant);
void set_floats(Graph& graph, TensorId id, const std::vector<float>& values);

}  // namespace thimble
