// y = condition ? a : b. SELECT_V2 broadcasts all three; SELECT takes a condition of the operands'
// shape, one for all, or one for each row.
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum class SelectForm { rows, broadcast };

void import_select(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = SelectForm::rows;
}

void import_select_v2(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = SelectForm::broadcast;
}

// The condition's shape as it broadcasts: SELECT's vector belongs to the first axis, not the last.
Shape condition_shape(const Graph& graph, const Node& node)
{
    Shape shape = graph.input(node, 0).shape;
    const Shape& values = graph.input(node, 1).shape;
    const bool rows = std::any_cast<SelectForm>(node.attributes) == SelectForm::rows;
    if (rows && shape.size() == 1 && values.size() > 1) shape.resize(values.size(), 1);
    return shape;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_plain_type(graph.input(node, 0).type, {DType::boolean});
    const Tensor& a = graph.input(node, 1);
    const Tensor& b = graph.input(node, 2);
    if (a.type != b.type)
        fail_type(fmt::format("{} and {}", dtype_name(a.type), dtype_name(b.type)),
                  "inputs of one type");
    if (std::any_cast<SelectForm>(node.attributes) == SelectForm::rows)
        require_shape(a.shape == b.shape,
                      fmt::format("shapes {} and {}", shape_text(a.shape), shape_text(b.shape)),
                      "equal shapes");
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = a.type;
    out.shape = broadcast_shape(condition_shape(graph, node), broadcast_shape(a.shape, b.shape));
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const Shape& shape = c.output().shape;
    const std::vector<size_t> at_condition = broadcast_indices(condition_shape(c.graph, c.node),
                                                               shape);
    const std::vector<size_t> at_a = broadcast_indices(c.input(1).shape, shape);
    const std::vector<size_t> at_b = broadcast_indices(c.input(2).shape, shape);
    const auto size = static_cast<size_t>(element_bytes(c.output().type));
    for (size_t i = 0; i < at_a.size(); ++i) {
        const bool first = c.in<uint8_t>(0)[at_condition[i]] != 0;
        const auto from = first ? c.in_bytes(1).subspan(at_a[i] * size, size)
                                : c.in_bytes(2).subspan(at_b[i] * size, size);
        std::ranges::copy(from, c.out_bytes().subspan(i * size, size).begin());
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Shape& shape = c.output().shape;
    std::vector<Arg> args{c.in(0), c.in_flash(0), c.in(1), c.in_flash(1),
                          c.in(2), c.in_flash(2), c.out(), c.key(element_bytes(c.output().type))};
    // Two walks: of the condition with a, and of the condition with b. Each brings a count; one is
    // enough.
    std::vector<Arg> first = pair_walk(c, condition_shape(c.graph, c.node), c.input(1).shape,
                                       shape);
    const std::vector<Arg> second = pair_walk(c, condition_shape(c.graph, c.node), c.input(2).shape,
                                              shape);
    first.pop_back();
    args.insert(args.end(), first.begin(), first.end());
    args.insert(args.end(), second.begin(), second.end());
    for (const size_t input : {size_t{1}, size_t{2}})
        if (c.input(input).count() == c.output().count()) c.allow_in_place(input);
    c.call("thb_select", args);
}

}  // namespace

extern const OpDef op_select;
const OpDef op_select = {.name = "select",
                         .tflite = {{"SELECT", import_select}, {"SELECT_V2", import_select_v2}},
                         .infer = infer,
                         .eval = eval,
                         .lower = lower,
                         .same_attributes = equal_attributes<SelectForm>,
                         .export_tflite = export_plain,
                         .quantization = rule_for_moves};

}  // namespace thimble
