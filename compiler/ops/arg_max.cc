// The place of the greatest or smallest element along one axis: ARG_MAX, ARG_MIN.
//
// The first of equal elements wins. Stored values are compared: quantisation does not matter.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct ArgAttributes {
    bool greatest = true;
    DType type = DType::i32;  // of the output
    size_t axis = 0;          // set by infer
};

template <bool greatest> void import_arg(const TfliteOperator& source, Graph&, Node& node)
{
    const int type = source.options.i8(tflite_field::arg_max::output_type);
    require(type == static_cast<int>(TfliteType::int32) ||
                type == static_cast<int>(TfliteType::int64),
            ErrorCode::T0202,
            {"", fmt::format("output type {}", type), "int32 or int64",
             "export the model with int32 indices"});
    node.attributes = ArgAttributes{
        greatest, type == static_cast<int>(TfliteType::int64) ? DType::i64 : DType::i32, 0};
}

const ArgAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const ArgAttributes&>(node.attributes);
}

void export_arg_max(TfliteExport& file, const Node& node)
{
    const ArgAttributes& a = attributes_of(node);
    file.write(node, a.greatest ? "ARG_MAX" : "ARG_MIN",
               {{tflite_field::arg_max::output_type,
                 static_cast<int8_t>(tflite_type_number(a.type))}});
}

void infer(Graph& graph, Node& node)
{
    auto& attributes = std::any_cast<ArgAttributes&>(node.attributes);
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_input_type(
        graph, node, 0,
        {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32, DType::i64, DType::boolean});
    const Tensor& in = graph.input(node, 0);
    attributes.axis = normal_axis(constant_integer(graph, node, 1, "axis"), in.shape.size());
    require_shape(in.shape[attributes.axis] > 0, "an empty axis", "at least one element");
    Shape shape = in.shape;
    shape.erase(shape.begin() + static_cast<int64_t>(attributes.axis));
    set_output(graph, node, 0, attributes.type, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const ArgAttributes& attributes = attributes_of(c.node);
    const Shape& in = c.input(0).shape;
    const std::vector<double> values = c.raw(0);
    for (int64_t e = 0; e < c.output().count(); ++e) {
        Shape at = coordinates_of(e, c.output().shape);
        at.insert(at.begin() + static_cast<int64_t>(attributes.axis), 0);
        int64_t best = 0;
        double best_value = values[static_cast<size_t>(index_of(at, in))];
        for (int64_t i = 1; i < in[attributes.axis]; ++i) {
            at[attributes.axis] = i;
            const double value = values[static_cast<size_t>(index_of(at, in))];
            if (attributes.greatest ? value > best_value : value < best_value) {
                best = i;
                best_value = value;
            }
        }
        if (attributes.type == DType::i64) c.out<int64_t>()[static_cast<size_t>(e)] = best;
        else c.out<int32_t>()[static_cast<size_t>(e)] = static_cast<int32_t>(best);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const ArgAttributes& attributes = attributes_of(c.node);
    const Shape& in = c.input(0).shape;
    if (c.output().count() == 0) return;
    const int64_t inner = row_major_steps(in)[attributes.axis];
    const int64_t count = in[attributes.axis];
    c.call("thb_arg_max",
           {untyped_in(c.in(0)), c.in_flash(0), c.key_text(element_key(c.input(0).type)),
            untyped_out(c.out()), c.key(element_bytes(attributes.type)),
            c.number(c.input(0).count() / (count * inner), "thb_index_t"),
            c.number(count, "thb_index_t"), c.number(inner, "thb_index_t"),
            c.key(int64_t{attributes.greatest ? 1 : 0})});
}

}  // namespace

extern const OpDef op_arg_max;
const OpDef op_arg_max = {.name = "arg_max",
                          .tflite = {{"ARG_MAX", import_arg<true>}, {"ARG_MIN", import_arg<false>}},
                          .infer = infer,
                          .eval = eval,
                          .lower = lower,
                          .export_tflite = export_arg_max,
                          .quantization = [](const Graph& graph, const Node& node) {
                              QuantizationRule rule = rule_for_int8(graph, node);
                              rule.output = QuantizationRule::Output::kept;
                              return rule;
                          }};

}  // namespace thimble
