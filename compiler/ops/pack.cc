// Stacks tensors of one shape along a new axis: PACK.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct PackAttributes {
    int64_t axis = 0;
    bool operator==(const PackAttributes&) const = default;
};

void import_pack(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = PackAttributes{source.options.i32(tflite_field::pack::axis)};
}

size_t axis_of(const Node& node, size_t out_rank)
{
    return normal_axis(std::any_cast<const PackAttributes&>(node.attributes).axis, out_rank);
}

void export_pack(TfliteExport& file, const Node& node)
{
    const auto axis = std::any_cast<const PackAttributes&>(node.attributes).axis;
    file.write(node, "PACK",
               {{tflite_field::pack::values_count, static_cast<int32_t>(node.inputs.size())},
                {tflite_field::pack::axis, static_cast<int32_t>(axis)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1024);
    require_outputs(node, 1);
    const Tensor& first = graph.input(node, 0);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        require(graph.has_input(node, i), ErrorCode::T0203,
                {"", fmt::format("input {} is absent", i), "a tensor", "export the model again"});
        require_elements(graph, node, {i});
        const Tensor& in = graph.input(node, i);
        if (in.type != first.type)
            fail_type(fmt::format("inputs of type {} and {}", dtype_name(first.type),
                                  dtype_name(in.type)),
                      "one type");
        require_shape(
            in.shape == first.shape,
            fmt::format("inputs {} and {}", shape_text(first.shape), shape_text(in.shape)),
            "one shape");
    }
    Shape shape = first.shape;
    const size_t axis = axis_of(node, shape.size() + 1);
    shape.insert(shape.begin() + static_cast<int64_t>(axis),
                 static_cast<int64_t>(node.inputs.size()));
    set_output(graph, node, 0, first.type, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const Shape& shape = c.output().shape;
    const size_t axis = axis_of(c.node, shape.size());
    for (int64_t e = 0; e < c.output().count(); ++e) {
        Shape at = coordinates_of(e, shape);
        const auto input = static_cast<size_t>(at[axis]);
        at.erase(at.begin() + static_cast<int64_t>(axis));
        copy_element(c, input, index_of(at, c.input(input).shape), 0, e);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Shape& shape = c.output().shape;
    const size_t axis = axis_of(c.node, shape.size());
    if (c.node.inputs.size() == 1) return c.alias(0);
    const int64_t run = row_major_steps(shape)[axis];
    for (size_t i = 0; i < c.node.inputs.size(); ++i) {
        Movement movement;
        movement.out_start = static_cast<int64_t>(i) * run;
        const int64_t rows = run > 0 ? c.input(i).count() / run : 0;
        movement.axes = {{rows, run, run * shape[axis]}, {run, 1, 1}};
        emit_move(c, i, 0, movement);
    }
}

}  // namespace

extern const OpDef op_pack;
const OpDef op_pack = {.name = "pack",
                       .tflite = {{"PACK", import_pack}},
                       .infer = infer,
                       .eval = eval,
                       .lower = lower,
                       .same_attributes = equal_attributes<PackAttributes>,
                       .export_tflite = export_pack,
                       .quantization = rule_for_moves};

}  // namespace thimble
