// Overwrites a box of a tensor whose place is computed: DYNAMIC_UPDATE_SLICE.
//
//   y = x;  y[s_0 + i, s_1 + j, ...] = u[i, j, ...],  s = clamp(start, 0, size of x - size of u)
//
// The start is clamped so that the update lies inside, as StableHLO defines and TFLite does.
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

void import_dynamic_update_slice(const TfliteOperator&, Graph&, Node&) {}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_elements(graph, node, {0, 1});
    require_rank(graph, node, 0, 0, 8);
    require_input_type(graph, node, 2, {DType::i32, DType::i64});
    const Tensor& in = graph.input(node, 0);
    const Tensor& update = graph.input(node, 1);
    if (in.type != update.type)
        fail_type(fmt::format("{} updated by {}", dtype_name(in.type), dtype_name(update.type)),
                  "one type");
    require_shape(update.shape.size() == in.shape.size() &&
                      graph.input(node, 2).count() == static_cast<int64_t>(in.shape.size()),
                  fmt::format("{} updated by {} at {} numbers", shape_text(in.shape),
                              shape_text(update.shape), graph.input(node, 2).count()),
                  "equal ranks, and one number for each axis");
    for (size_t d = 0; d < in.shape.size(); ++d)
        require_shape(
            update.shape[d] <= in.shape[d],
            fmt::format("{} updated by {}", shape_text(in.shape), shape_text(update.shape)),
            "an update that fits inside");
    set_output(graph, node, 0, in.type, in.shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const Shape& in = c.input(0).shape;
    const Shape& box = c.input(1).shape;
    const std::vector<double> wanted = c.raw(2);
    std::ranges::copy(c.in_bytes(0), c.out_bytes().begin());
    Shape at(box.size(), 0), to(box.size());
    for (int64_t e = 0; e < c.input(1).count(); ++e, advance(at, box)) {
        for (size_t d = 0; d < box.size(); ++d)
            to[d] = at[d] + static_cast<int64_t>(
                                std::clamp(wanted[d], 0.0, static_cast<double>(in[d] - box[d])));
        copy_element(c, 1, e, 0, index_of(to, in));
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Shape& in = c.input(0).shape;
    const Shape& box = c.input(1).shape;
    const std::vector<int64_t> steps = row_major_steps(in);
    const std::vector<int64_t> box_steps = row_major_steps(box);
    const int64_t bytes = element_bytes(c.output().type);
    if (c.output().count() == 0) return;
    c.call("thb_copy", {untyped_in(c.in(0)), c.in_flash(0), untyped_out(c.out()),
                        c.number(c.output().bytes(), "uint32_t")});
    c.allow_in_place(0);
    if (c.input(1).count() == 0) return;
    std::vector<int32_t> places;
    std::vector<MoveAxis> axes;
    for (size_t d = 0; d < in.size(); ++d) {
        places.push_back(static_cast<int32_t>(in[d] - box[d] + 1));
        places.push_back(static_cast<int32_t>(steps[d] * bytes));
        axes.push_back({box[d], box_steps[d], steps[d]});
    }
    axes = merged(axes);
    if (axes.empty()) axes.push_back({1, 1, 1});
    if (places.empty()) places = {1, 0};
    const MovePlan plan = move_plan(axes, bytes);
    c.call("thb_update_slice",
           {untyped_in(c.in(1)), c.in_flash(1), untyped_in(c.in(2)), c.in_flash(2),
            c.key(element_bytes(c.input(2).type)), untyped_out(c.out()),
            c.table(places, "places of " + c.node.name, false),
            c.number(static_cast<int64_t>(in.size()), "thb_index_t"),
            c.table(plan.steps, "steps of " + c.node.name, false), c.key(plan.rank),
            c.key(plan.element_bytes)});
}

}  // namespace

extern const OpDef op_dynamic_update_slice;
const OpDef op_dynamic_update_slice = {
    .name = "dynamic_update_slice",
    .tflite = {{"DYNAMIC_UPDATE_SLICE", import_dynamic_update_slice}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .export_tflite = export_plain,
    .quantization = rule_for_moves};

}  // namespace thimble
