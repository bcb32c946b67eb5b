// Reads a state tensor: the output is a copy of what was last written to input 0.
//
// READ_VARIABLE of resource variables becomes this; its counterpart is assign. The copy is needed
// because a later assign in the same call must not change what was read.
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/tflite_export.h"

#include <algorithm>

namespace thimble {

namespace {

void export_read(TfliteExport& file, const Node& node)
{
    TfliteDraftOperator op;
    op.name = "READ_VARIABLE";
    op.inputs = {file.variable(node.inputs.at(0))};
    op.outputs = file.tensors(node.outputs);
    file.write(std::move(op));
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& state = graph.input(node, 0);
    THIMBLE_CHECK(state.kind == TensorKind::state, "read of " + state.name + ", which is no state");
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = state.type;
    out.shape = state.shape;
}

// ---- oracle ----

void eval(EvalContext& c) { std::ranges::copy(c.in_bytes(0), c.out_bytes().begin()); }

// ---- lowering ----

void lower(LowerContext& c)
{
    c.call("thb_copy", {c.in(0), c.in_flash(0), c.out(), c.number(c.input(0).bytes(), "uint32_t")});
}

}  // namespace

// The importer itself reads the operator of the file, which names subgraphs or variables.
extern const OpDef op_read;
const OpDef op_read = {.name = "read",
                       .tflite = {{"READ_VARIABLE", import_nothing}},
                       .infer = infer,
                       .eval = eval,
                       .lower = lower,
                       .export_tflite = export_read};

}  // namespace thimble
