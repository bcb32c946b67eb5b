// y = tanh(x), see ops/sigmoid.cc.
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/sigmoid.h"
#include "ops/tflite_export.h"

namespace thimble {

extern const OpDef op_tanh;
const OpDef op_tanh = {
    .name = "tanh",
    .tflite = {{"TANH", import_nothing}},
    .infer = [](Graph& graph, Node& node) { infer_sigmoid(graph, node, Sigmoid::tanh); },
    .eval = [](EvalContext& c) { eval_sigmoid(c, Sigmoid::tanh); },
    .lower = [](LowerContext& c) { lower_sigmoid(c, Sigmoid::tanh); },
    .no_changing_scales = no_sigmoid_by_turn,
    .export_tflite = export_plain,
    .quantization =
        [](const Graph& graph, const Node& node) {
            return rule_for_function(graph, node, {1.0f / 128, 0}, {1.0f / 32768, 0});
        }};

}  // namespace thimble
