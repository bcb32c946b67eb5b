// Writes a state tensor: the node's inputs are (value, state), it has no outputs.
//
// ASSIGN_VARIABLE of resource variables becomes this; its counterpart is read.
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

void export_assign(TfliteExport& file, const Node& node)
{
    TfliteDraftOperator op;
    op.name = "ASSIGN_VARIABLE";
    op.inputs = {file.variable(node.inputs.at(1)), file.tensor(node.inputs.at(0))};
    file.write(std::move(op));
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 0);
    const Tensor& value = graph.input(node, 0);
    const Tensor& state = graph.input(node, 1);
    THIMBLE_CHECK(state.kind == TensorKind::state,
                  "assign to " + state.name + ", which is no state");
    if (value.type != state.type)
        fail_type(fmt::format("{} assigned to variable '{}' of {}", dtype_name(value.type),
                              state.name, dtype_name(state.type)),
                  std::string(dtype_name(state.type)));
    require_shape(value.count() == state.count(),
                  fmt::format("{} assigned to variable '{}'", shape_text(value.shape), state.name),
                  shape_text(state.shape));
}

// ---- oracle ----

void eval(EvalContext& c) { std::ranges::copy(c.in_bytes(0), c.state_bytes(1).begin()); }

// ---- lowering ----

void lower(LowerContext& c)
{
    c.call("thb_copy",
           {c.in(0), c.in_flash(0), c.state(1), c.number(c.input(1).bytes(), "uint32_t")});
}

}  // namespace

// The importer itself reads the operator of the file, which names subgraphs or variables.
extern const OpDef op_assign;
const OpDef op_assign = {.name = "assign",
                         .tflite = {{"ASSIGN_VARIABLE", import_nothing}},
                         .infer = infer,
                         .eval = eval,
                         .lower = lower,
                         .has_side_effect = true,
                         .export_tflite = export_assign};

}  // namespace thimble
