// Picks slices by index tuples: GATHER_ND.
//
//   y[i..., r...] = x[index[i..., 0], ..., index[i..., k-1], r...]
//
// A constant tuple that points outside is refused; computed ones are clamped per axis, as in
// gather.
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

void import_gather_nd(const TfliteOperator&, Graph&, Node&) {}

// Axes named by one tuple.
size_t depth_of(const Graph& graph, const Node& node)
{
    return static_cast<size_t>(graph.input(node, 1).shape.back());
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_input_type(graph, node, 1, {DType::i32, DType::i64});
    require_rank(graph, node, 1, 1, 8);
    const Tensor& in = graph.input(node, 0);
    const Tensor& indices = graph.input(node, 1);
    require_shape(indices.shape.back() <= static_cast<int64_t>(in.shape.size()),
                  "tuples " + shape_text(indices.shape),
                  fmt::format("at most {} numbers in each", in.shape.size()));
    const size_t depth = depth_of(graph, node);
    for (size_t d = 0; d < depth; ++d)
        require_shape(in.shape[d] > 0 || indices.count() == 0, "an empty axis to pick from",
                      "at least one element");
    if (indices.is_constant()) {
        const std::vector<int64_t> values = indices.integers();
        for (size_t i = 0; i < values.size(); ++i)
            require_shape(values[i] >= 0 && values[i] < in.shape[i % depth],
                          fmt::format("index {} of an axis of {}", values[i], in.shape[i % depth]),
                          "an index inside");
    }
    Shape shape(indices.shape.begin(), indices.shape.end() - 1);
    shape.insert(shape.end(), in.shape.begin() + static_cast<int64_t>(depth), in.shape.end());
    set_output(graph, node, 0, in.type, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const Shape& in = c.input(0).shape;
    const size_t depth = depth_of(c.graph, c.node);
    const Shape rest(in.begin() + static_cast<int64_t>(depth), in.end());
    const int64_t run = element_count(rest);
    const std::vector<double> indices = c.raw(1);
    for (int64_t e = 0; e < c.output().count(); ++e) {
        const int64_t tuple = e / run;
        int64_t from = 0;
        for (size_t d = 0; d < depth; ++d) {
            const double wanted = indices[static_cast<size_t>(tuple) * depth + d];
            from = from * in[d] +
                   static_cast<int64_t>(std::clamp(wanted, 0.0, static_cast<double>(in[d] - 1)));
        }
        copy_element(c, 0, from * run + e % run, 0, e);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    if (c.output().count() == 0) return;
    const Shape& in = c.input(0).shape;
    const size_t depth = depth_of(c.graph, c.node);
    const std::vector<int64_t> steps = row_major_steps(in);
    const int64_t bytes = element_bytes(c.output().type);
    int64_t run = bytes;
    for (size_t d = depth; d < in.size(); ++d) run *= in[d];
    std::vector<int32_t> axes;
    for (size_t d = 0; d < depth; ++d) {
        axes.push_back(static_cast<int32_t>(in[d]));
        axes.push_back(static_cast<int32_t>(steps[d] * bytes));
    }
    if (depth == 0) axes = {1, 0};
    c.call("thb_gather_nd", {untyped_in(c.in(0)), c.in_flash(0), untyped_in(c.in(1)), c.in_flash(1),
                             c.key(element_bytes(c.input(1).type)), untyped_out(c.out()),
                             c.table(axes, "axes of " + c.node.name, false),
                             c.number(c.output().bytes() / run, "thb_index_t"),
                             c.number(static_cast<int64_t>(depth), "thb_index_t"),
                             c.number(run, "thb_index_t"), c.key(run == bytes ? bytes : 0)});
}

}  // namespace

extern const OpDef op_gather_nd;
const OpDef op_gather_nd = {.name = "gather_nd",
                            .tflite = {{"GATHER_ND", import_gather_nd}},
                            .infer = infer,
                            .eval = eval,
                            .lower = lower,
                            .export_tflite = export_plain,
                            .quantization = rule_for_moves};

}  // namespace thimble
