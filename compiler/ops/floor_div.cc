// Quotient rounded toward minus infinity, and its rest, which has the divisor's sign: FLOOR_DIV,
// FLOOR_MOD.
//
// A division of integers by zero, an error in the reference, gives 0.
#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/tflite_export.h"

namespace thimble {

namespace {

void import_floor_div(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = Binary::floor_div;
}

void import_floor_mod(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = Binary::floor_mod;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    const DType type = graph.input(node, 0).type;
    require_plain_type(type, {DType::f32, DType::i8, DType::i16, DType::i32, DType::i64});
    infer_pair(graph, node, type);
}

}  // namespace

extern const OpDef op_floor_div;
const OpDef op_floor_div = {
    .name = "floor_div",
    .tflite = {{"FLOOR_DIV", import_floor_div}, {"FLOOR_MOD", import_floor_mod}},
    .infer = infer,
    .eval =
        [](EvalContext& c) { eval_plain(c, std::any_cast<Binary>(c.node.attributes), kNoClamp); },
    .lower =
        [](LowerContext& c) {
            lower_plain(c, std::any_cast<Binary>(c.node.attributes), kNoClamp);
        },
    .same_attributes = equal_attributes<Binary>,
    .export_tflite = export_plain};

}  // namespace thimble
