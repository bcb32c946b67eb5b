// y = x * P(X <= x) for a normal variable X: exactly x/2 * (1 + erf(x / sqrt 2)), or approximately
// x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
//
// Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/elements.h"
#include "ops/quantization_rule.h"
#include "ops/real_function.h"
#include "ops/tflite_export.h"

#include <cmath>

namespace thimble {

static void import_gelu(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = source.options.boolean(tflite_field::gelu::approximate);
}

static bool approximate(const Node& node)
{
    return std::any_cast<bool>(node.attributes);
}

static RealFunction function_of(const Node& node)
{
    if (approximate(node)) {
        constexpr float sqrt_two_over_pi = 0.797884560802865356f;
        return [](float x) {
            return 0.5f * x * (1.0f + std::tanh(sqrt_two_over_pi * (x + 0.044715f * x * x * x)));
        };
    }
    // erfc keeps its precision for large negative x, where 1 + erf cancels.
    return [](float x) { return 0.5f * x * std::erfc(x * -0.707106781186547524f); };
}

static void export_gelu(TfliteExport& file, const Node& node)
{
    file.write(node, "GELU", {{tflite_field::gelu::approximate, approximate(node)}});
}

extern const OpDef op_gelu;
const OpDef op_gelu = {
    .name = "gelu",
    .tflite = {{"GELU", import_gelu}},
    .infer =
        [](Graph& graph, Node& node) {
            infer_quantized_unary(graph, node, {DType::f32, DType::i8, DType::u8});
        },
    .eval = [](EvalContext& c) { eval_real_function(c, function_of(c.node)); },
    .lower =
        [](LowerContext& c) {
            lower_real_function(c, function_of(c.node),
                                approximate(c.node) ? "THB_UNARY_GELU_TANH" : "THB_UNARY_GELU");
        },
    .export_tflite = export_gelu,
    .quantization = rule_for_int8};

}  // namespace thimble
