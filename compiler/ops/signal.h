// What the operators of the audio front end share (TFLM's Signal* custom operators).
//
// Their options are a FlexBuffers map. The file holds no tensor for what they remember, so their
// import hooks append state tensors to the node's inputs.
#pragma once

#include "formats/flexbuffers.h"
#include "ops/op.h"

#include <string>
#include <vector>

namespace thimble {

FlexMap signal_options(const TfliteOperator& source);
// An integer option within [lowest, highest]; throws T0104 when missing, T0202 when outside.
int64_t signal_option(const FlexMap& options, std::string_view key, int64_t lowest,
                      int64_t highest);
// Option T, the element type: only int16 is computed.
void require_signal_int16(const FlexMap& options);

// Appends a state tensor of `shape`, filled with `initial`, to the node's inputs. Throws T0203 when
// it would be larger than any microcontroller's memory.
template <typename T>
void add_signal_state(Graph& graph, Node& node, const std::string& what, Shape shape, T initial)
{
    constexpr int64_t elements_max = int64_t{1} << 24;
    int64_t count = 1;
    for (const int64_t dimension : shape) {
        require_shape(dimension > 0 && dimension <= elements_max / count,
                      "a state of shape " + shape_text(shape), "at most 2^24 elements");
        count *= dimension;
    }
    const std::vector<T> values(static_cast<size_t>(count), initial);
    const auto* first = reinterpret_cast<const uint8_t*>(values.data());
    Tensor tensor;
    tensor.name = what + " of " + node.name;
    tensor.type = dtype_of<T>();
    tensor.shape = std::move(shape);
    tensor.kind = TensorKind::state;
    tensor.data = std::make_shared<const std::vector<uint8_t>>(first,
                                                               first + values.size() * sizeof(T));
    node.inputs.push_back(graph.add_tensor(std::move(tensor)));
}

void require_signal_type(const Graph& graph, const Node& node, size_t input, DType type);
// A constant vector of `type` with at least one element.
void require_signal_table(const Graph& graph, const Node& node, size_t input, DType type);
// Size of the last axis; throws T0203 for scalars and empty tensors.
int64_t last_axis(const Graph& graph, const Node& node, size_t input);
// The file's shape stays when it holds as many elements as `shape`; else `shape` is taken.
void set_signal_output(Graph& graph, Node& node, size_t output, DType type, const Shape& shape);

// The samples of an input in RAM: a constant is copied there first.
Arg signal_in(LowerContext& context, size_t input);

}  // namespace thimble
