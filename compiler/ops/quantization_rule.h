// What quantisation asks of the tensors of one node: each operator's rule stands in its own file.
//
// A rule speaks of a node of a float network. It says which inputs are activations, weights and
// biases, and how the output's scale comes about. compiler/quantize/ reads the rules, chooses the
// scales, and puts QUANTIZE and DEQUANTIZE where neighbours differ.
#pragma once

#include "ir/graph.h"

#include <vector>

namespace thimble {

struct QuantizationRule {
    enum class Role : uint8_t {
        value,    // real numbers with a scale: an activation, or a constant operand
        weights,  // constant, symmetric, one scale a channel
        bias,     // constant, in steps of the input's scale times the weights'
        kept,     // as it is: indices, shapes, truth values
        hidden,   // the state that the output shows, with its scale
        cell,     // the 16-bit cell state of an LSTM, its scale a power of two
    };
    struct Input {
        Role role = Role::value;
        int64_t axis = -1;     // weights: of the channels that may have own scales; -1: none
        int64_t in_axis = -1;  // weights: of the input's channels, axis again where each has one
        size_t of = 0;         // weights: which input they multiply; bias: which weights it follows
    };
    enum class Output : uint8_t {
        free,   // a scale of its own
        moved,  // elements of the inputs, unchanged: all share one scale
        fixed,  // `fixed8`, `fixed16`: the range is the function's
        kept,   // not real numbers
    };
    // Scale and zero point of a fixed output.
    struct Fixed {
        float scale = 0;
        int64_t zero_point = 0;
    };

    std::vector<Input> inputs;  // one for each of the node's
    Output output = Output::free;
    Fixed fixed8, fixed16;
    bool int8 = true;           // has an int8 form
    bool int16 = true;          // has a form with 16-bit activations and int8 weights
    bool prefers_int8 = false;  // what it reads has 8 bits anyway (a table of embeddings)
    bool homogeneous = false;   // f(k x) = k f(x) for k > 0, channel by channel, bias aside
};

// Every float input is a value, everything else is kept.
QuantizationRule rule_for_values(const Graph& graph, const Node& node);
// The same, for operators that only move elements.
QuantizationRule rule_for_moves(const Graph& graph, const Node& node);
// The same, for functions that have an int8 form only.
QuantizationRule rule_for_int8(const Graph& graph, const Node& node);
// Input `in` times the weights, plus the bias; weights have channels along `axis`, and read the
// input's channels along `in_axis`. A computed matrix is a value as the input is.
struct WeightedRule {
    size_t in = 0, weights = 1, bias = 2;
    int64_t axis = 0, in_axis = 1;
    int activation = 0;  // fused, the file's code
};
QuantizationRule rule_for_weights(const Graph& graph, const Node& node, const WeightedRule& form);
QuantizationRule rule_for_function(const Graph& graph, const Node& node,
                                   QuantizationRule::Fixed fixed8,
                                   QuantizationRule::Fixed fixed16);

}  // namespace thimble
