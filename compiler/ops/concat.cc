// Joins tensors along one axis: CONCATENATION.
//
// Bytes are copied as they are; all inputs and the output share one quantisation. Only the legacy
// uint8 form may mix scales: each input is then requantised in float, as TFLite's reference kernel
// does; it lowers to a 256-entry table for each input that differs.
#include "ops/concat.h"

#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

void import_concatenation(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::concatenation;
    require(source.options.i8(field::fused_activation) == tflite_field::kActivationNone,
            ErrorCode::T0202,
            {"", "a fused activation", "none", "put the activation into a layer of its own"});
    node.attributes = ConcatAttributes{source.options.i32(field::axis)};
}

const ConcatAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const ConcatAttributes&>(node.attributes);
}

void export_concat(TfliteExport& file, const Node& node)
{
    file.write(node, "CONCATENATION",
               {{tflite_field::concatenation::axis,
                 static_cast<int32_t>(attributes_of(node).axis)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1024);
    require_outputs(node, 1);
    const Tensor& first = graph.input(node, 0);
    const size_t axis = normal_axis(attributes_of(node).axis, first.shape.size());
    Shape shape = first.shape;
    shape[axis] = 0;
    const bool one_quantization = first.type == DType::i8 || first.type == DType::i16;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        require(graph.has_input(node, i), ErrorCode::T0203,
                {"", fmt::format("input {} is absent", i), "a tensor", "export the model again"});
        require_elements(graph, node, {i});
        const Tensor& in = graph.input(node, i);
        if (in.type != first.type)
            fail_type(fmt::format("inputs of type {} and {}", dtype_name(first.type),
                                  dtype_name(in.type)),
                      "one type");
        Shape other = in.shape;
        if (other.size() == shape.size()) other[axis] = shape[axis];
        require_shape(
            other == shape,
            fmt::format("inputs {} and {}", shape_text(first.shape), shape_text(in.shape)),
            fmt::format("equal sizes but along axis {}", axis));
        shape[axis] += in.shape[axis];
        if (one_quantization) require_same_quantization(graph, node, i);
    }
    set_output(graph, node, 0, first.type, shape);
}

// ---- oracle ----

// Legacy uint8: the stored value under the output's scale, in float arithmetic.
uint8_t requantized(uint8_t q, const Quantization& in, const Quantization& out)
{
    const float scale = in.scale() * (1.0f / out.scale());
    const float bias = -static_cast<float>(in.zero_point()) * scale;
    const float value =
        std::round(static_cast<float>(q) * scale + bias) + static_cast<float>(out.zero_point());
    return static_cast<uint8_t>(std::min(std::max(0.0f, value), 255.0f));
}

void eval(EvalContext& c)
{
    const Shape& shape = c.output().shape;
    const size_t axis = normal_axis(attributes_of(c.node).axis, shape.size());
    int64_t begin = 0;
    for (size_t i = 0; i < c.node.inputs.size(); ++i) {
        const Tensor& in = c.input(i);
        const bool convert = in.type == DType::u8 && !same_quantization(in, c.output());
        Shape at(in.shape.size(), 0);
        for (int64_t e = 0; e < in.count(); ++e, advance(at, in.shape)) {
            at[axis] += begin;
            const int64_t to = index_of(at, shape);
            at[axis] -= begin;
            if (convert) {
                c.out_bytes()[static_cast<size_t>(to)] =
                    requantized(c.in_bytes(i)[static_cast<size_t>(e)], in.quant, c.output().quant);
            } else {
                copy_element(c, i, e, 0, to);
            }
        }
        begin += in.shape[axis];
    }
}

// ---- lowering ----

// The table by stored byte. An int8 tensor that was uint8 in the file holds the value minus 128.
std::vector<uint8_t> requantize_table(const Tensor& in, const Tensor& out)
{
    const int shift = in.type == DType::i8 ? 128 : 0;
    const float scale = in.quant.scale() * (1.0f / out.quant.scale());
    const float bias = -static_cast<float>(in.quant.zero_point() + shift) * scale;
    std::vector<uint8_t> table(256);
    for (int stored = 0; stored < 256; ++stored) {
        const int legacy = (stored + shift) & 255;
        const float rounded = std::round(static_cast<float>(legacy) * scale + bias);
        const float value = rounded + static_cast<float>(out.quant.zero_point() + shift);
        const int clamped = !(value > 0.0f) ? 0 : value >= 255.0f ? 255 : static_cast<int>(value);
        table[static_cast<size_t>(stored)] = static_cast<uint8_t>((clamped - shift) & 255);
    }
    return table;
}

// Only legacy inputs come here with another scale than the output's.
bool converts(const LowerContext& c, size_t input)
{
    const DType type = c.output().type;
    return (type == DType::i8 || type == DType::u8) &&
           !same_quantization(c.input(input), c.output());
}

void lower_input(LowerContext& c, size_t input, size_t axis, int64_t begin)
{
    const Tensor& in = c.input(input);
    const Shape& shape = c.output().shape;
    const std::vector<int64_t> in_steps = row_major_steps(in.shape);
    const std::vector<int64_t> out_steps = row_major_steps(shape);
    Movement movement;
    movement.out_start = begin * out_steps[axis];
    for (size_t d = 0; d < shape.size(); ++d)
        movement.axes.push_back({in.shape[d], in_steps[d], out_steps[d]});
    if (!converts(c, input)) return emit_move(c, input, 0, movement);
    const int64_t run = in.shape[axis] * in_steps[axis];
    if (in.count() == 0) return;
    c.call("thb_concat_lookup",
           {untyped_in(c.in(input)), c.in_flash(input),
            c.table(requantize_table(in, c.output()), "requantisation of " + c.node.name, false),
            untyped_out(c.out(), movement.out_start), c.number(in.count() / run, "thb_index_t"),
            c.number(run, "thb_index_t"), c.number(shape[axis] * out_steps[axis], "thb_index_t")});
}

void lower(LowerContext& c)
{
    const size_t axis = normal_axis(attributes_of(c.node).axis, c.output().shape.size());
    if (c.node.inputs.size() == 1 && !converts(c, 0)) return c.alias(0);
    int64_t begin = 0;
    for (size_t i = 0; i < c.node.inputs.size(); ++i) {
        lower_input(c, i, axis, begin);
        begin += c.input(i).shape[axis];
    }
}

}  // namespace

extern const OpDef op_concat;
const OpDef op_concat = {.name = "concat",
                         .tflite = {{"CONCATENATION", import_concatenation}},
                         .infer = infer,
                         .eval = eval,
                         .lower = lower,
                         .same_attributes = equal_attributes<ConcatAttributes>,
                         .export_tflite = export_concat,
                         .quantization = rule_for_moves};

}  // namespace thimble
