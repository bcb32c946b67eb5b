// y = a to the power b, with broadcasting.
#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/tflite_export.h"

namespace thimble {

static void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    const DType type = graph.input(node, 0).type;
    require_plain_type(type, {DType::f32, DType::i32});
    infer_pair(graph, node, type);
}

extern const OpDef op_pow;
const OpDef op_pow = {.name = "pow",
                      .tflite = {{"POW", import_nothing}},
                      .infer = infer,
                      .eval = [](EvalContext& c) { eval_plain(c, Binary::pow, kNoClamp); },
                      .lower = [](LowerContext& c) { lower_plain(c, Binary::pow, kNoClamp); },
                      .export_tflite = export_plain};

}  // namespace thimble
