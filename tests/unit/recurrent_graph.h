// Float graphs of one recurrent layer, made by hand.
#pragma once

#include "ops/op.h"
#include "ops/recurrent.h"

#include <cstring>
#include <string>

namespace thimble::recurrent_graph {

inline constexpr int64_t kSteps = 5, kInputs = 3, kUnits = 4;

inline TensorId add_floats(Graph& graph, const char* name, Shape shape, uint32_t seed)
{
    Tensor tensor;
    tensor.name = name;
    tensor.shape = shape;
    const TensorId id = graph.add_tensor(tensor);
    std::vector<float> values(static_cast<size_t>(element_count(shape)));
    for (float& value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = static_cast<float>(seed >> 8) / static_cast<float>(1 << 24) - 0.5f;
    }
    std::vector<uint8_t> bytes(values.size() * 4);
    std::memcpy(bytes.data(), values.data(), bytes.size());
    graph.set_constant(id, std::move(bytes));
    return id;
}

struct Form {
    const char* op;
    RecurrentAttributes base;
    bool reset_after = true;
    int64_t batches = 1;
    bool own_states = false;
};

// x, and the states: further inputs of the graph (their last values are outputs), or variables.
inline Graph layer(const Form& form)
{
    Graph graph;
    Tensor x;
    x.name = "x";
    x.shape = {form.batches, kSteps, kInputs};
    if (form.base.time_major) std::swap(x.shape[0], x.shape[1]);
    graph.inputs = {graph.add_tensor(x)};
    Node node;
    node.op = find_op(form.op);
    node.name = form.op;
    const std::string op = form.op;
    const size_t gates = op == "lstm" ? 4 : op == "gru" ? 3 : 1;
    const size_t count = op == "lstm"  ? size_t{lstm_input::count}
                         : op == "gru" ? size_t{gru_input::count}
                                       : size_t{simple_rnn_input::count};
    node.inputs.assign(count, kNoTensor);
    node.inputs[0] = graph.inputs[0];
    for (size_t g = 0; g < gates; ++g) {
        node.inputs[1 + g] =
            add_floats(graph, "w", {kUnits, kInputs}, static_cast<uint32_t>(g + 1));
        node.inputs[1 + gates + g] =
            add_floats(graph, "u", {kUnits, kUnits}, static_cast<uint32_t>(g + 11));
        const size_t bias = op == "lstm" ? lstm_input::biases : 1 + 2 * gates;
        node.inputs[bias + g] = add_floats(graph, "b", {kUnits}, static_cast<uint32_t>(g + 21));
        if (op == "gru")
            node.inputs[gru_input::recurrent_biases + g] =
                add_floats(graph, "r", {kUnits}, static_cast<uint32_t>(g + 31));
    }
    const size_t hidden = op == "lstm" ? lstm_input::hidden : count - 1;
    for (size_t s = 0; s < (op == "lstm" ? 2u : 1u); ++s) {
        Tensor state;
        state.name = s == 0 ? "h" : "c";
        state.shape = {form.batches, kUnits};
        if (form.own_states) {
            state.kind = TensorKind::state;
            state.per_sequence = true;
            state.data = std::make_shared<const std::vector<uint8_t>>(
                static_cast<size_t>(state.bytes()), uint8_t{0});
        }
        node.inputs[hidden + s] = graph.add_tensor(state);
        if (!form.own_states) graph.inputs.push_back(node.inputs[hidden + s]);
    }
    for (size_t i = 0; i < (form.own_states ? 1u : op == "lstm" ? 3u : 2u); ++i) {
        graph.outputs.push_back(graph.add_tensor({}));
        graph.tensor(graph.outputs.back()).name = i == 0 ? "y" : i == 1 ? "last_h" : "last_c";
        node.outputs.push_back(graph.outputs.back());
    }
    if (op == "lstm") {
        LstmAttributes a;
        static_cast<RecurrentAttributes&>(a) = form.base;
        node.attributes = a;
    } else if (op == "gru") {
        GruAttributes a;
        static_cast<RecurrentAttributes&>(a) = form.base;
        a.reset_after = form.reset_after;
        node.attributes = a;
    } else {
        SimpleRnnAttributes a;
        static_cast<RecurrentAttributes&>(a) = form.base;
        node.attributes = a;
    }
    node.op->infer(graph, node);
    graph.nodes.push_back(node);
    return graph;
}

}  // namespace thimble::recurrent_graph
