// Runs backwards along some axes: y[..., i, ...] = x[..., size - 1 - i, ...]: REVERSE_V2.
#include "formats/tflite.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct ReverseAttributes {
    std::vector<bool> reversed;  // by axis; set by infer
    bool operator==(const ReverseAttributes&) const = default;
};

void import_reverse(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = ReverseAttributes{};
}

const std::vector<bool>& reversed_of(const Node& node)
{
    return std::any_cast<const ReverseAttributes&>(node.attributes).reversed;
}

void export_reverse(TfliteExport& file, const Node& node)
{
    file.write(node, "REVERSE_V2");
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_rank(graph, node, 0, 1, 8);
    const Tensor& in = graph.input(node, 0);
    std::vector<bool> reversed(in.shape.size(), false);
    for (const int64_t axis : constant_integers(graph, node, 1, "axes")) {
        const size_t d = normal_axis(axis, in.shape.size());
        require_shape(!reversed[d], fmt::format("axis {} twice", d), "each axis at most once");
        reversed[d] = true;
    }
    set_output(graph, node, 0, in.type, in.shape);
    node.attributes = ReverseAttributes{reversed};
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const Shape& shape = c.output().shape;
    Shape at(shape.size(), 0), from(shape.size());
    for (int64_t e = 0; e < c.output().count(); ++e, advance(at, shape)) {
        for (size_t d = 0; d < shape.size(); ++d)
            from[d] = reversed_of(c.node)[d] ? shape[d] - 1 - at[d] : at[d];
        copy_element(c, 0, index_of(from, shape), 0, e);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Shape& shape = c.output().shape;
    std::vector<int64_t> steps = row_major_steps(shape);
    if (c.output().count() == 0) return;
    int64_t start = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
        if (!reversed_of(c.node)[d]) continue;
        start += (shape[d] - 1) * steps[d];
        steps[d] = -steps[d];
    }
    emit_move_or_alias(c, 0, 0, whole_output(shape, steps, start));
}

}  // namespace

extern const OpDef op_reverse;
const OpDef op_reverse = {.name = "reverse",
                          .tflite = {{"REVERSE_V2", import_reverse}},
                          .infer = infer,
                          .eval = eval,
                          .lower = lower,
                          .same_attributes = equal_attributes<ReverseAttributes>,
                          .export_tflite = export_reverse,
                          .quantization = rule_for_moves};

}  // namespace thimble
