// Builds a graph out of single nodes and of whole graphs.
//
// Nodes are made through the operators' own import hooks, by the names and options of TensorFlow
// Lite: that is their public interface, and it checks what it is given. Everything added here is
// valid: infer has run.
//
// Tested by tests/unit/project/seq2seq_test.cc.
#pragma once

#include "formats/tflite_writer.h"
#include "ir/graph.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace thimble {

// A tensor without scale or values, of which a builder makes an input or a state.
Tensor plain_tensor(std::string name, DType type, Shape shape);

class GraphBuilder {
public:
    // Layers of the builder's own get names that begin with `prefix`.
    explicit GraphBuilder(std::string name, std::string prefix = "") : prefix_(std::move(prefix))
    {
        graph_.name = std::move(name);
    }

    TensorId input(Tensor tensor);  // `tensor` gives name, type, shape and scale
    // A state; in a body it stands for a captured one and is an input (ops/control.h).
    TensorId state(Tensor tensor);
    TensorId state_input(Tensor tensor);
    TensorId constant(std::string name, DType type, Shape shape, std::vector<uint8_t> bytes,
                      Quantization quant = {});
    template <typename T>
    TensorId constant(std::string name, Shape shape, const std::vector<T>& values)
    {
        const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
        return constant(std::move(name), dtype_of<T>(), std::move(shape),
                        {bytes, bytes + values.size() * sizeof(T)});
    }
    // A tensor of the type, shape and scale of `like` that holds zeros: real zeros, so the zero
    // point where it has one.
    TensorId zeros(std::string name, const Tensor& like);

    // A node by its name in TensorFlow Lite files, with one output of that type and scale.
    TensorId node(const std::string& tflite_op, std::vector<TensorId> inputs,
                  std::vector<TfliteOption> options, DType type, Quantization quant = {});
    // A custom operator of TensorFlow Lite files, with an output of each of the types.
    std::vector<TensorId> custom_node(const std::string& name, std::vector<TensorId> inputs,
                                      const std::vector<std::pair<std::string, int64_t>>& options,
                                      const std::vector<DType>& types);
    // The same with several outputs: type and scale of each.
    std::vector<TensorId> node(const std::string& tflite_op, std::vector<TensorId> inputs,
                               std::vector<TfliteOption> options,
                               const std::vector<std::pair<DType, Quantization>>& outputs);
    // A node of thimble's own, or one that holds graphs. `outputs` says how many.
    std::vector<TensorId> own_node(std::string_view op, std::vector<TensorId> inputs,
                                   std::any attributes, size_t outputs, const std::string& name);

    TensorId gather(TensorId from, TensorId indices);  // along axis 0
    TensorId concat(const std::vector<TensorId>& parts, int axis);
    // The same elements under another shape; `id` itself when it has that shape.
    TensorId reshaped(TensorId id, const Shape& shape);
    // The same real values in the type and scale of `like`; `id` itself when it has them. Throws
    // T0202 when there is no way.
    TensorId converted(TensorId id, const Tensor& like);
    TensorId real(TensorId id);  // as float32
    // The same stored elements, which mean something else from now on.
    TensorId relabelled(TensorId id, const Quantization& quant);

    // Adds the nodes of `part`, whose inputs become these tensors, and returns its outputs. Layer
    // names begin with `prefix`. `declare_state` says where a state of `part` lives; without it
    // they become states of this graph.
    std::vector<TensorId> inlined(const Graph& part, const std::vector<TensorId>& inputs,
                                  const std::string& prefix,
                                  const std::function<TensorId(Tensor)>& declare_state = nullptr);

    void output(TensorId id, const std::string& name = "");
    const Tensor& tensor(TensorId id) const { return graph_.tensor(id); }
    size_t node_count() const { return graph_.nodes.size(); }
    const std::vector<TensorId>& inputs() const { return graph_.inputs; }
    const std::vector<TensorId>& outputs() const { return graph_.outputs; }
    void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }
    // The finished graph, verified.
    Graph finish();

private:
    std::string unique_name(const std::string& name);
    TensorId shaped_as(TensorId id, const Shape& shape, const Quantization& quant);
    TensorId fresh(const std::string& name, DType type, Quantization quant);
    // Runs the operator's import hook and infer; `node` has inputs and outputs.
    std::vector<TensorId> add(TfliteDraftOperator source, Node node);

    Graph graph_;
    std::string prefix_;
    int count_ = 0;
};

}  // namespace thimble
