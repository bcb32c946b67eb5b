// y[o, d, i] = on where index[o, i] = d, else off: ONE_HOT.
//
// An index outside of 0 .. depth - 1 gives a row of off values. The depth is the output's shape, so
// it must be constant; on and off may be computed.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct OneHotAttributes {
    int64_t axis = -1;  // of the output; normal after infer
};

void import_one_hot(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = OneHotAttributes{source.options.i32(tflite_field::one_hot::axis)};
}

int64_t axis_of(const Node& node)
{
    return std::any_cast<const OneHotAttributes&>(node.attributes).axis;
}

void export_one_hot(TfliteExport& file, const Node& node)
{
    file.write(node, "ONE_HOT",
               {{tflite_field::one_hot::axis, static_cast<int32_t>(axis_of(node))}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 4, 4);
    require_outputs(node, 1);
    require_input_type(graph, node, 0, {DType::i32, DType::i64});
    require_elements(graph, node, {2, 3});
    const Tensor& indices = graph.input(node, 0);
    const int64_t depth = constant_integer(graph, node, 1, "depth");
    require_shape(depth >= 0, fmt::format("depth {}", depth), "0 or more");
    if (graph.input(node, 2).type != graph.input(node, 3).type)
        fail_type("on and off values of different types", "one type");
    require_shape(graph.input(node, 2).count() == 1 && graph.input(node, 3).count() == 1,
                  "on or off value with several elements", "one number each");
    auto& attributes = std::any_cast<OneHotAttributes&>(node.attributes);
    attributes.axis = static_cast<int64_t>(normal_axis(attributes.axis, indices.shape.size() + 1));
    Shape shape = indices.shape;
    shape.insert(shape.begin() + attributes.axis, depth);
    set_output(graph, node, 0, graph.input(node, 2).type, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const std::vector<double> indices = c.raw(0);
    for (int64_t e = 0; e < c.output().count(); ++e) {
        Shape at = coordinates_of(e, c.output().shape);
        const int64_t place = at[static_cast<size_t>(axis_of(c.node))];
        at.erase(at.begin() + axis_of(c.node));
        const bool on = indices[static_cast<size_t>(index_of(at, c.input(0).shape))] ==
                        static_cast<double>(place);
        copy_element(c, on ? 2 : 3, 0, 0, e);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    if (c.output().count() == 0) return;
    const Shape& shape = c.output().shape;
    const int64_t depth = shape[static_cast<size_t>(axis_of(c.node))];
    const int64_t inner = row_major_steps(shape)[static_cast<size_t>(axis_of(c.node))];
    c.call("thb_one_hot",
           {untyped_in(c.in(0)), c.in_flash(0), c.key(element_bytes(c.input(0).type)),
            untyped_in(c.in(2)), c.in_flash(2), untyped_in(c.in(3)), c.in_flash(3),
            untyped_out(c.out()), c.number(c.output().count() / (depth * inner), "thb_index_t"),
            c.number(depth, "thb_index_t"), c.number(inner, "thb_index_t"),
            c.key(element_bytes(c.output().type))});
}

}  // namespace

extern const OpDef op_one_hot;
const OpDef op_one_hot = {.name = "one_hot",
                          .tflite = {{"ONE_HOT", import_one_hot}},
                          .infer = infer,
                          .eval = eval,
                          .lower = lower,
                          .export_tflite = export_one_hot};

}  // namespace thimble
