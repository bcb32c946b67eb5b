// Running sums along one axis: y[i] = sum of x[j] over j <= i: CUMSUM.
//
// exclusive: over j < i; reverse: from the end. Integers wrap; floats add up in the direction of
// the walk.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct CumsumAttributes {
    bool exclusive = false;
    bool reverse = false;
    size_t axis = 0;  // set by infer
};

void import_cumsum(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::cumsum;
    node.attributes = CumsumAttributes{source.options.boolean(field::exclusive),
                                       source.options.boolean(field::reverse), 0};
}

const CumsumAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const CumsumAttributes&>(node.attributes);
}

void export_cumsum(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::cumsum;
    const CumsumAttributes& a = attributes_of(node);
    file.write(node, "CUMSUM", {{field::exclusive, a.exclusive}, {field::reverse, a.reverse}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_input_type(graph, node, 0, {DType::f32, DType::i32, DType::i64});
    const Tensor& in = graph.input(node, 0);
    std::any_cast<CumsumAttributes&>(node.attributes).axis =
        normal_axis(constant_integer(graph, node, 1, "axis"), in.shape.size());
    set_output(graph, node, 0, in.type, in.shape);
}

// ---- oracle ----

template <typename T, typename Sum> void eval_as(EvalContext& c)
{
    const CumsumAttributes& attributes = attributes_of(c.node);
    const Shape& shape = c.input(0).shape;
    Shape firsts = shape;
    firsts[attributes.axis] = 1;
    const int64_t count = shape[attributes.axis];
    Shape at(shape.size(), 0);
    for (int64_t row = 0; row < element_count(firsts); ++row, advance(at, firsts)) {
        Sum sum{0};
        for (int64_t i = 0; i < count; ++i) {
            Shape here = at;
            here[attributes.axis] = attributes.reverse ? count - 1 - i : i;
            const auto e = static_cast<size_t>(index_of(here, shape));
            if (attributes.exclusive) c.out<T>()[e] = static_cast<T>(sum);
            sum += static_cast<Sum>(c.in<T>(0)[e]);
            if (!attributes.exclusive) c.out<T>()[e] = static_cast<T>(sum);
        }
    }
}

void eval(EvalContext& c)
{
    switch (c.input(0).type) {
    case DType::i32: return eval_as<int32_t, uint32_t>(c);
    case DType::i64: return eval_as<int64_t, uint64_t>(c);
    default: return eval_as<float, float>(c);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const CumsumAttributes& attributes = attributes_of(c.node);
    const Shape& shape = c.input(0).shape;
    if (c.output().count() == 0) return;
    const int64_t inner = row_major_steps(shape)[attributes.axis];
    const int64_t count = shape[attributes.axis];
    const DType type = c.input(0).type;
    c.call(type == DType::f32   ? "thb_cumsum_f32"
           : type == DType::i32 ? "thb_cumsum_s32"
                                : "thb_cumsum_s64",
           {c.in(0), c.in_flash(0), c.out(),
            c.number(c.input(0).count() / (count * inner), "thb_index_t"),
            c.number(count, "thb_index_t"), c.number(inner, "thb_index_t"),
            c.key(int64_t{attributes.exclusive ? 1 : 0}),
            c.key(int64_t{attributes.reverse ? 1 : 0})});
    c.allow_in_place(0);
}

}  // namespace

extern const OpDef op_cumsum;
const OpDef op_cumsum = {.name = "cumsum",
                         .tflite = {{"CUMSUM", import_cumsum}},
                         .infer = infer,
                         .eval = eval,
                         .lower = lower,
                         .export_tflite = export_cumsum};

}  // namespace thimble
