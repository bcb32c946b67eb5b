// What an operator's eval (the oracle) sees: the values of its tensors.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <span>
#include <vector>

namespace thimble {

// Which runtime's last bit to reproduce where TFLM and TFLite differ (docs/numerics.md).
enum class Match : uint8_t { tflm, tflite };

// What the bodies of loops may still spend: a model that loops for ever must not hang the compiler.
struct EvalBudget {
    int64_t nodes_left = 1'000'000;  // evaluations of a node inside of a body
};

class BodyObserver;  // ops/evaluate.h

class EvalContext {
public:
    // `values[id]` holds the bytes of tensor id, element_bytes(type) per element. Operators that
    // hold graphs (control.h) take their evaluations from `budget`, without one from a fresh one.
    EvalContext(const Graph& graph, const Node& node, std::vector<std::vector<uint8_t>>& values,
                Match match, EvalBudget* budget = nullptr, BodyObserver* observer = nullptr)
        : graph(graph),
          node(node),
          match(match),
          budget(budget),
          observer(observer),
          values_(values)
    {
    }

    const Graph& graph;
    const Node& node;
    const Match match;
    EvalBudget* const budget;
    BodyObserver* const observer;  // told of every body that is run; null: nobody is

    bool has_input(size_t index) const { return graph.has_input(node, index); }
    const Tensor& input(size_t index) const { return graph.input(node, index); }
    const Tensor& output(size_t index = 0) const { return graph.output(node, index); }
    // Values of an input as T: the C++ type of the tensor's DType (i4: int8_t, f16: uint16_t, bool:
    // uint8_t).
    template <typename T>
    std::span<const T> in(size_t index) const
    {
        return view<T>(node.inputs.at(index));
    }
    // Empty when the optional input is absent.
    template <typename T> std::span<const T> in_or_empty(size_t index) const
    {
        return has_input(index) ? in<T>(index) : std::span<const T>();
    }
    template <typename T>
    std::span<T> out(size_t index = 0)
    {
        return view<T>(node.outputs.at(index));
    }
    // A state tensor among the inputs, writable.
    template <typename T>
    std::span<T> state(size_t index)
    {
        return view<T>(node.inputs.at(index));
    }
    // Any input (integer or float, also f16, i4) widened to double, without dequantisation.
    std::vector<double> raw(size_t index) const;
    std::vector<double> raw_or_empty(size_t index) const
    {
        return has_input(index) ? raw(index) : std::vector<double>();
    }
    // Any input as real values: scale * (q - zero_point), per channel; unquantized: the value
    // itself.
    std::vector<double> real(size_t index) const;
    // Raw bytes, for operators that only move elements.
    std::span<const uint8_t> in_bytes(size_t index) const
    {
        return values_[slot(node.inputs.at(index))];
    }
    std::span<uint8_t> out_bytes(size_t index = 0) { return values_[slot(node.outputs.at(index))]; }
    // The bytes of a state tensor among the inputs, writable.
    std::span<uint8_t> state_bytes(size_t index) { return values_[slot(node.inputs.at(index))]; }

private:
    static size_t slot(TensorId id) { return static_cast<size_t>(id); }
    template <typename T> std::span<T> view(TensorId id) const
    {
        std::vector<uint8_t>& bytes = values_[slot(id)];
        check_view(id, sizeof(T));
        return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
    }
    void check_view(TensorId id, size_t size) const;
    std::vector<std::vector<uint8_t>>& values_;
};

}  // namespace thimble
