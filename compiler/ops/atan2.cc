// y = the angle of the point (b, a), with broadcasting.
#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/tflite_export.h"

namespace thimble {

static void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    const DType type = graph.input(node, 0).type;
    require_plain_type(type, {DType::f32});
    infer_pair(graph, node, type);
}

extern const OpDef op_atan2;
const OpDef op_atan2 = {.name = "atan2",
                        .tflite = {{"ATAN2", import_nothing}},
                        .infer = infer,
                        .eval = [](EvalContext& c) { eval_plain(c, Binary::atan2, kNoClamp); },
                        .lower = [](LowerContext& c) { lower_plain(c, Binary::atan2, kNoClamp); },
                        .export_tflite = export_plain};

}  // namespace thimble
