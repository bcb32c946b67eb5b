#include "ops/op.h"

#include <fmt/format.h>

namespace thimble {

#define OP(name, formula) extern const OpDef op_##name;
#include "ops/ops.def"
#undef OP

std::span<const OpDef* const> all_ops()
{
    static const OpDef* const ops[] = {
#define OP(name, formula) &op_##name,
#include "ops/ops.def"
#undef OP
    };
    return ops;
}

const OpDef* find_op(std::string_view name)
{
    for (const OpDef* op : all_ops())
        if (op->name == name) return op;
    return nullptr;
}

std::string_view op_formula(std::string_view name)
{
#define OP(op_name, formula) \
    if (name == #op_name) return formula;
#include "ops/ops.def"
#undef OP
    return {};
}

TfliteMatch find_tflite_op(std::string_view source_op)
{
    for (const OpDef* op : all_ops())
        for (const TfliteImport& import : op->tflite)
            if (import.source_op == source_op) return {op, &import};
    return {};
}

void fail_type(std::string found, std::string expected)
{
    fail(ErrorCode::T0202, {"", std::move(found), std::move(expected),
                            "convert the model with another quantisation scheme"});
}

void require_inputs(const Node& node, size_t least, size_t most)
{
    require(node.inputs.size() >= least && node.inputs.size() <= most, ErrorCode::T0203,
            {"", fmt::format("{} inputs", node.inputs.size()),
             least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most),
             "export the model again"});
    for (size_t i = 0; i < least; ++i)
        require(node.inputs[i] != kNoTensor, ErrorCode::T0203,
                {"", fmt::format("input {} is absent", i), "a tensor", "export the model again"});
}

void require_outputs(const Node& node, size_t count)
{
    require(node.outputs.size() == count, ErrorCode::T0203,
            {"", fmt::format("{} outputs", node.outputs.size()), fmt::format("{}", count),
             "export the model again"});
}

void require_rank(const Graph& graph, const Node& node, size_t input, size_t least, size_t most)
{
    const Shape& shape = graph.input(node, input).shape;
    require_shape(
        shape.size() >= least && shape.size() <= most,
        fmt::format("input {} has shape {}", input, shape_text(shape)),
        least == most ? fmt::format("rank {}", least) : fmt::format("rank {} to {}", least, most));
}

void require_shape(bool condition, std::string found, std::string expected)
{
    require(condition, ErrorCode::T0203,
            {"", std::move(found), std::move(expected), "export the model again"});
}

static void require_scales(const Tensor& tensor)
{
    require(tensor.quant.present(), ErrorCode::T0205,
            {"", fmt::format("tensor '{}' ({}) has no scale", tensor.name, dtype_name(tensor.type)),
             "a scale and a zero point", "convert the model with full integer quantisation"});
}

void require_quantized(const Graph& graph, const Node& node, std::initializer_list<size_t> inputs)
{
    for (const size_t input : inputs) require_scales(graph.input(node, input));
}

void require_output_quantized(const Graph& graph, const Node& node, size_t output)
{
    require_scales(graph.output(node, output));
}

}  // namespace thimble
