#include "ops/shapes.h"

#include "base/error.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

// Largest tensor that an operator may make: far above every microcontroller, far below the host's
// memory.
constexpr int64_t kTensorBytesMax = int64_t{1} << 29;

std::vector<int64_t> constant_integers(const Graph& graph, const Node& node, size_t input,
                                       std::string_view what)
{
    const Tensor& tensor = graph.input(node, input);
    require(tensor.is_constant(), ErrorCode::T0204,
            {"", fmt::format("{} '{}' computed at run time", what, tensor.name), "a constant",
             "export the model with fixed shapes"});
    if (!is_integer(tensor.type) || tensor.type == DType::u64)
        fail_type(fmt::format("{} of type {}", what, dtype_name(tensor.type)), "int32 or int64");
    return tensor.integers();
}

int64_t constant_integer(const Graph& graph, const Node& node, size_t input, std::string_view what)
{
    const std::vector<int64_t> values = constant_integers(graph, node, input, what);
    require_shape(values.size() == 1, fmt::format("{} with {} elements", what, values.size()),
                  "one number");
    return values[0];
}

size_t normal_axis(int64_t axis, size_t rank)
{
    const auto n = static_cast<int64_t>(rank);
    require_shape(axis >= -n && axis < n, fmt::format("axis {} of a tensor of rank {}", axis, rank),
                  "an axis from -rank to rank - 1");
    return static_cast<size_t>(axis < 0 ? axis + n : axis);
}

void require_elements(const Graph& graph, const Node& node, std::initializer_list<size_t> inputs)
{
    for (const size_t input : inputs) {
        const DType type = graph.input(node, input).type;
        if (type == DType::resource || type == DType::string || type == DType::other)
            fail_type(fmt::format("input {} of type {}", input, dtype_name(type)),
                      "numbers or bools");
    }
}

void require_input_type(const Graph& graph, const Node& node, size_t input,
                        std::initializer_list<DType> types)
{
    const DType type = graph.input(node, input).type;
    if (std::find(types.begin(), types.end(), type) != types.end()) return;
    std::string expected;
    for (const DType known : types)
        expected += (expected.empty() ? "" : ", ") + std::string(dtype_name(known));
    fail_type(fmt::format("input {} of type {}", input, dtype_name(type)), expected);
}

bool same_quantization(const Tensor& a, const Tensor& b)
{
    return a.quant.scales == b.quant.scales && a.quant.zero_points == b.quant.zero_points;
}

void require_same_quantization(const Graph& graph, const Node& node, size_t input)
{
    require(same_quantization(graph.input(node, input), graph.output(node, 0)), ErrorCode::T0205,
            {"", fmt::format("input {} and the output have different scales or zero points", input),
             "the same quantisation", "convert the model again, or put a QUANTIZE between"});
}

void set_output(Graph& graph, const Node& node, size_t output, DType type, Shape shape)
{
    int64_t bytes = element_bytes(type);
    bool sane = true;
    for (const int64_t dimension : shape) {
        sane = sane && dimension >= 0 && dimension <= kTensorBytesMax;
        bytes =
            sane ? std::min(bytes * std::max<int64_t>(dimension, 1), kTensorBytesMax + 1) : bytes;
    }
    require_shape(sane && bytes <= kTensorBytesMax,
                  fmt::format("output of shape {}", shape_text(shape)),
                  fmt::format("dimensions from 0, and at most {} bytes", kTensorBytesMax));
    Tensor& tensor = graph.tensor(node.outputs.at(output));
    tensor.type = type;
    tensor.shape = std::move(shape);
}

}  // namespace thimble
