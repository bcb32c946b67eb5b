#include "ops/signal.h"

#include "formats/tflite.h"

#include <fmt/format.h>

namespace thimble {

FlexMap signal_options(const TfliteOperator& source)
{
    return FlexMap::read(source.custom_options, source.name);
}

int64_t signal_option(const FlexMap& options, std::string_view key, int64_t lowest, int64_t highest)
{
    const int64_t value = options.i64(key);
    require(value >= lowest && value <= highest, ErrorCode::T0202,
            {"", fmt::format("option {} = {}", key, value),
             fmt::format("{} to {}", lowest, highest), "generate the audio model again"});
    return value;
}

void require_signal_int16(const FlexMap& options)
{
    constexpr int64_t tensor_type_int16 = 7;  // number in the file format
    const int64_t type = options.i64("T");
    require(type == tensor_type_int16, ErrorCode::T0202,
            {"", fmt::format("element type {} of the file format", type), "int16 (7)",
             "generate the audio model with fixed-point arithmetic"});
}

void require_signal_type(const Graph& graph, const Node& node, size_t input, DType type)
{
    const Tensor& tensor = graph.input(node, input);
    if (tensor.type != type)
        fail_type(fmt::format("input {} is {}", input, dtype_name(tensor.type)),
                  std::string(dtype_name(type)));
    require_shape(tensor.count() > 0,
                  fmt::format("input {} has shape {}", input, shape_text(tensor.shape)),
                  "at least one element");
}

void require_signal_table(const Graph& graph, const Node& node, size_t input, DType type)
{
    require_signal_type(graph, node, input, type);
    require(graph.input(node, input).is_constant(), ErrorCode::T0202,
            {"", fmt::format("'{}' is computed at run time", graph.input(node, input).name),
             "a constant table", "generate the audio model again"});
}

int64_t last_axis(const Graph& graph, const Node& node, size_t input)
{
    const Shape& shape = graph.input(node, input).shape;
    require_shape(!shape.empty() && element_count(shape) > 0,
                  fmt::format("input {} has shape {}", input, shape_text(shape)),
                  "rank 1 or more, not empty");
    return shape.back();
}

void set_signal_output(Graph& graph, Node& node, size_t output, DType type, const Shape& shape)
{
    Tensor& tensor = graph.tensor(node.outputs.at(output));
    tensor.type = type;
    if (tensor.shape.empty() || element_count(tensor.shape) != element_count(shape))
        tensor.shape = shape;
}

Arg signal_in(LowerContext& c, size_t input)
{
    const Arg data = c.in(input);
    if (!c.input(input).is_constant()) return data;
    const int64_t bytes = c.input(input).bytes();
    const Arg copy = c.scratch(bytes, element_bytes(c.input(input).type),
                               std::string(dtype_c_name(c.input(input).type)) + "*");
    c.call("thb_copy", {data, c.in_flash(input), copy, c.number(bytes, "uint32_t")});
    Arg result = copy;
    result.c_type = data.c_type;
    return result;
}

}  // namespace thimble
