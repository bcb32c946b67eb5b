// y = x for x >= 0, else e^x - 1.
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/real_function.h"
#include "ops/tflite_export.h"

#include <cmath>

namespace thimble {

// TFLM subtracts one from e^x, TFLite has the more precise function.
static RealFunction function_for(Match match)
{
    if (match == Match::tflite) return [](float x) { return x < 0.0f ? std::expm1(x) : x; };
    return [](float x) { return x < 0.0f ? std::exp(x) - 1.0f : x; };
}

extern const OpDef op_elu;
const OpDef op_elu = {
    .name = "elu",
    .tflite = {{"ELU", import_nothing}},
    .infer =
        [](Graph& graph, Node& node) {
            infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8});
        },
    .eval = [](EvalContext& c) { eval_real_function(c, function_for(c.match)); },
    .lower =
        [](LowerContext& c) {
            lower_real_function(c, function_for(c.options.match), "THB_UNARY_ELU");
        },
    .export_tflite = export_plain,
    .quantization = rule_for_int8};

}  // namespace thimble
