// The larger, or the smaller, of two tensors' elements, with broadcasting: MAXIMUM, MINIMUM.
//
// Stored numbers are compared, whatever their scales are: the reference does not requantize.
#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

namespace thimble {

namespace {

void import_maximum(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = Binary::maximum;
}

void import_minimum(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = Binary::minimum;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    const DType type = graph.input(node, 0).type;
    require_plain_type(type,
                       {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32, DType::i64});
    infer_pair(graph, node, type);
}

}  // namespace

extern const OpDef op_maximum;
const OpDef op_maximum = {
    .name = "maximum",
    .tflite = {{"MAXIMUM", import_maximum}, {"MINIMUM", import_minimum}},
    .infer = infer,
    .eval =
        [](EvalContext& c) { eval_plain(c, std::any_cast<Binary>(c.node.attributes), kNoClamp); },
    .lower =
        [](LowerContext& c) {
            lower_plain(c, std::any_cast<Binary>(c.node.attributes), kNoClamp);
        },
    .same_attributes = equal_attributes<Binary>,
    .export_tflite = export_plain,
    .quantization = rule_for_moves};

}  // namespace thimble
