// Graphs with bodies, built by hand, and their comparison on every kind of machine.
#pragma once

#include "compile.h"
#include "ops/control.h"
#include "ops/op.h"
#include "verify/engine.h"
#include "verify/oracle.h"
#include "verify/verify.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace thimble {

// Builds a graph node by node; operators infer their outputs.
class GraphBuilder {
public:
    TensorId input(std::string name, DType type, Shape shape)
    {
        const TensorId id = tensor(std::move(name), type, std::move(shape), TensorKind::activation);
        graph.inputs.push_back(id);
        return id;
    }
    // A state: of a body (then it is one of its inputs) or of the whole.
    TensorId state(std::string name, DType type, Shape shape, bool of_body)
    {
        const TensorId id = tensor(std::move(name), type, std::move(shape), TensorKind::state);
        graph.tensor(id).data = std::make_shared<const std::vector<uint8_t>>(
            static_cast<size_t>(graph.tensor(id).bytes()));
        if (of_body) graph.inputs.push_back(id);
        return id;
    }
    template <typename T>
    TensorId constant(std::string name, Shape shape, const std::vector<T>& values,
                      DType type = dtype_of<T>())
    {
        const TensorId id = tensor(std::move(name), type, std::move(shape), TensorKind::constant);
        const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
        graph.set_constant(id, {bytes, bytes + values.size() * sizeof(T)});
        return id;
    }
    // A node by the name that files give its operator, with default options.
    TensorId add(std::string_view file_op, std::vector<TensorId> inputs, Quantization quant = {});
    // A node with attributes of its own.
    std::vector<TensorId> add(std::string_view op, std::vector<TensorId> inputs,
                              std::any attributes, size_t outputs)
    {
        Node node;
        node.op = find_op(op);
        node.source_op = node.name = std::string(op) + std::to_string(graph.nodes.size());
        node.inputs = std::move(inputs);
        node.attributes = std::move(attributes);
        for (size_t i = 0; i < outputs; ++i)
            node.outputs.push_back(tensor(node.name + "_" + std::to_string(i), DType::f32, {},
                                          TensorKind::activation));
        return finish(std::move(node));
    }
    std::vector<TensorId> finish(Node node)
    {
        node.op->infer(graph, node);
        graph.nodes.push_back(node);
        return node.outputs;
    }
    std::shared_ptr<const Graph> body(std::vector<TensorId> outputs)
    {
        graph.outputs = std::move(outputs);
        verify_graph(graph);
        return std::make_shared<const Graph>(graph);
    }
    TensorId tensor(std::string name, DType type, Shape shape, TensorKind kind)
    {
        Tensor tensor;
        tensor.name = std::move(name);
        tensor.type = type;
        tensor.shape = std::move(shape);
        tensor.kind = kind;
        return graph.add_tensor(std::move(tensor));
    }

    Graph graph;
};

// Oracle and generated C give the same values in three runs that keep their state.
void expect_same_on(const Graph& graph, const std::string& target, const char* what);
// The values of all outputs of one run of the oracle, which start from fresh states.
template <typename T>
std::vector<T> oracle_output(const Graph& graph, const std::vector<std::vector<T>>& inputs,
                             size_t output = 0)
{
    Oracle oracle(graph, Match::tflm);
    for (size_t i = 0; i < inputs.size(); ++i)
        oracle.set_input(i, {reinterpret_cast<const uint8_t*>(inputs[i].data()),
                             inputs[i].size() * sizeof(T)});
    oracle.run();
    std::vector<T> values(oracle.output(output).size() / sizeof(T));
    std::memcpy(values.data(), oracle.output(output).data(), oracle.output(output).size());
    return values;
}

}  // namespace thimble
