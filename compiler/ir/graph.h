// The graph: tensors and nodes in execution order.
//
// General notes on the semantics
// - Nodes run in the order of Graph::nodes; control flow is inside of nodes that hold graphs
//   (ops/control.h).
// - A tensor is written by at most one node, except state tensors, which live from call to call:
//   a node reads what was last written to them, in execution order.
// - Every dimension is known. Element order is row-major, images are NHWC.
// - A graph without pending `unsupported` notes has passed every operator's `infer`.
#pragma once

#include "ir/dtype.h"

#include <any>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

struct OpDef;
struct PipelineInterface;  // ir/pipeline.h

using Shape = std::vector<int64_t>;
int64_t element_count(const Shape& shape);
std::string shape_text(const Shape& shape);  // "[1, 96, 96, 3]"

// real = scale * (q - zero_point). One pair per tensor, or one per index of `axis`.
struct Quantization {
    std::vector<float> scales;         // empty: not quantized
    std::vector<int64_t> zero_points;  // as many as scales
    int64_t axis = 0;                  // quantized dimension when scales.size() > 1

    bool present() const { return !scales.empty(); }
    bool per_channel() const { return scales.size() > 1; }
    float scale() const { return scales.empty() ? 1.0f : scales[0]; }
    int32_t zero_point() const
    {
        return zero_points.empty() ? 0 : static_cast<int32_t>(zero_points[0]);
    }
    float scale_at(int64_t channel) const
    {
        return per_channel() ? scales[static_cast<size_t>(channel)] : scale();
    }
};

using TensorId = int;
constexpr TensorId kNoTensor = -1;

enum class TensorKind : uint8_t {
    activation,  // computed by a node, or a graph input
    constant,    // `data` holds it
    state,       // lives between calls; `data` holds its initial value
};

// What differs from turn to turn in the body of a scan whose steps were quantised one by one. In
// turn t, counted as they run, a tensor has quant[t] and a constant holds data[t]; an empty list:
// Tensor::quant and Tensor::data in all turns.
struct TurnValues {
    std::vector<Quantization> quant;
    std::vector<std::shared_ptr<const std::vector<uint8_t>>> data;
};

struct Tensor {
    std::string name;
    DType type = DType::f32;
    Shape shape;
    Quantization quant;
    TensorKind kind = TensorKind::activation;
    // A state that belongs to one sequence (the hidden and cell state of recurrent layers): it
    // starts anew with every call unless the user asks to keep it.
    bool per_sequence = false;
    std::shared_ptr<const std::vector<uint8_t>>
        data;  // element_bytes(type) per element, little-endian
    std::shared_ptr<const TurnValues> by_turn;  // of the scan around; null: the same in all turns

    bool is_constant() const { return kind == TensorKind::constant; }
    int64_t count() const { return element_count(shape); }
    int64_t bytes() const { return count() * element_bytes(type); }
    // The constant's elements as T; a bug when the type or the kind differs.
    template <typename T> std::span<const T> values() const
    {
        check_values(dtype_of<T>());
        return {reinterpret_cast<const T*>(data->data()), static_cast<size_t>(count())};
    }
    // Elements of an integer constant (i8 to i64, u8 to u32, bool) widened.
    std::vector<int64_t> integers() const;

private:
    void check_values(DType type) const;
};

struct Node {
    std::string name;                // layer name for people: unique, from the output tensor's name
    const OpDef* op = nullptr;       // null: not supported, see `unsupported`
    std::string source_op;           // "CONV_2D": the operator in the imported file
    std::vector<TensorId> inputs;    // kNoTensor where an optional input is absent
    std::vector<TensorId> outputs;
    std::any attributes;             // the operator's own struct, see compiler/ops/<op>.cc
    bool was_uint8 = false;          // int8 that was uint8 in the file, see passes/shift_uint8.cc
    std::string unsupported;         // reason why this node cannot be compiled, empty when it can
    std::string remedy;              // what the user can do about it
};

struct Graph {
    std::string name;  // of the model
    std::vector<Tensor> tensors;
    std::vector<Node> nodes;
    std::vector<TensorId> inputs;
    std::vector<TensorId> outputs;
    std::vector<std::string> notes;  // said to the user: "batch -1 becomes 1"
    // Of a tick graph: what its inputs and outputs mean; null for all others.
    std::shared_ptr<const PipelineInterface> interface;

    const Tensor& tensor(TensorId id) const { return tensors.at(static_cast<size_t>(id)); }
    Tensor& tensor(TensorId id) { return tensors.at(static_cast<size_t>(id)); }
    TensorId add_tensor(Tensor tensor);
    bool has_input(const Node& node, size_t index) const
    {
        return index < node.inputs.size() && node.inputs[index] != kNoTensor;
    }
    const Tensor& input(const Node& node, size_t index) const
    {
        return tensor(node.inputs.at(index));
    }
    const Tensor& output(const Node& node, size_t index) const
    {
        return tensor(node.outputs.at(index));
    }
    // Makes `id` a constant holding `bytes`.
    void set_constant(TensorId id, std::vector<uint8_t> bytes);
    // Every use of `from` as a node input or graph output becomes `to`.
    void replace_uses(TensorId from, TensorId to);
    // "node 7 'conv2d_1' (CONV_2D)"
    std::string node_place(const Node& node) const;
};

// Throws nothing and repairs nothing: ends with a bug report when the graph breaks its rules
// (ids in range, constants of the right size, each activation written before it is read).
// Runs after import and after every pass.
void verify_graph(const Graph& graph);

}  // namespace thimble
