// Picks slices by index along one axis: GATHER.
//
//   y[b..., o..., i..., r...] = x[b..., o..., index[b..., i...], r...]
//
// b: batch_dims leading axes that x and the indices share; o: axes before `axis`; r: axes behind
// it. An index of a constant that lies outside is refused. One that is computed is clamped to the
// axis on the device, which cannot fail (the reference kernels read outside, or stop with an
// error).
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

struct GatherAttributes {
    int64_t axis = 0;
    int64_t batch_dims = 0;
    bool operator==(const GatherAttributes&) const = default;
};

void import_gather(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::gather;
    node.attributes =
        GatherAttributes{source.options.i32(field::axis), source.options.i32(field::batch_dims)};
}

const GatherAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const GatherAttributes&>(node.attributes);
}

void require_indices_inside(const Tensor& indices, int64_t count)
{
    if (!indices.is_constant()) return;
    for (const int64_t index : indices.integers())
        require_shape(index >= 0 && index < count,
                      fmt::format("index {} of an axis of {}", index, count), "an index inside");
}

void export_gather(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::gather;
    const GatherAttributes& a = attributes_of(node);
    file.write(node, "GATHER",
               {{field::axis, static_cast<int32_t>(a.axis)},
                {field::batch_dims, static_cast<int32_t>(a.batch_dims)}});
}

void infer(Graph& graph, Node& node)
{
    auto& attributes = std::any_cast<GatherAttributes&>(node.attributes);
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_input_type(graph, node, 1, {DType::i32, DType::i64});
    const Tensor& in = graph.input(node, 0);
    const Tensor& indices = graph.input(node, 1);
    const size_t axis = normal_axis(attributes.axis, in.shape.size());
    if (attributes.batch_dims < 0)
        attributes.batch_dims += static_cast<int64_t>(indices.shape.size());
    const int64_t batch_dims = attributes.batch_dims;
    attributes.axis = static_cast<int64_t>(axis);
    require_shape(batch_dims >= 0 && batch_dims <= attributes.axis &&
                      batch_dims <= static_cast<int64_t>(indices.shape.size()),
                  fmt::format("batch_dims {} with axis {}", batch_dims, axis),
                  "batch axes before the gathered one");
    require_shape(
        std::equal(in.shape.begin(), in.shape.begin() + batch_dims, indices.shape.begin()),
        fmt::format("input {} and indices {}", shape_text(in.shape), shape_text(indices.shape)),
        "equal batch axes");
    require_shape(in.shape[axis] > 0 || indices.count() == 0, "an empty axis to pick from",
                  "at least one element");
    require_indices_inside(indices, in.shape[axis]);
    Shape shape(in.shape.begin(), in.shape.begin() + attributes.axis);
    shape.insert(shape.end(), indices.shape.begin() + batch_dims, indices.shape.end());
    shape.insert(shape.end(), in.shape.begin() + attributes.axis + 1, in.shape.end());
    set_output(graph, node, 0, in.type, shape);
}

// Sizes of the groups of axes in the formula above.
struct GatherSizes {
    int64_t batches, outer, axis, picks, run;
};

GatherSizes sizes_of(const Graph& graph, const Node& node)
{
    const GatherAttributes& attributes = attributes_of(node);
    const Shape& in = graph.input(node, 0).shape;
    const Shape& indices = graph.input(node, 1).shape;
    const auto part = [](const Shape& shape, int64_t from, size_t to) {
        return element_count(Shape(shape.begin() + from, shape.begin() + static_cast<int64_t>(to)));
    };
    return {part(in, 0, static_cast<size_t>(attributes.batch_dims)),
            part(in, attributes.batch_dims, static_cast<size_t>(attributes.axis)),
            in[static_cast<size_t>(attributes.axis)],
            part(indices, attributes.batch_dims, indices.size()),
            part(in, attributes.axis + 1, in.size())};
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const GatherSizes size = sizes_of(c.graph, c.node);
    const std::vector<double> indices = c.raw(1);
    int64_t to = 0;
    for (int64_t b = 0; b < size.batches; ++b)
        for (int64_t o = 0; o < size.outer; ++o)
            for (int64_t i = 0; i < size.picks; ++i) {
                const double wanted = indices[static_cast<size_t>(b * size.picks + i)];
                const auto index = static_cast<int64_t>(
                    std::clamp(wanted, 0.0, static_cast<double>(size.axis - 1)));
                for (int64_t r = 0; r < size.run; ++r)
                    copy_element(c, 0, ((b * size.outer + o) * size.axis + index) * size.run + r, 0,
                                 to++);
            }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const GatherSizes size = sizes_of(c.graph, c.node);
    if (c.output().count() == 0) return;
    const int64_t bytes = element_bytes(c.output().type);
    c.call("thb_gather",
           {untyped_in(c.in(0)), c.in_flash(0), untyped_in(c.in(1)), c.in_flash(1),
            c.key(element_bytes(c.input(1).type)), untyped_out(c.out()),
            c.number(size.batches, "thb_index_t"), c.number(size.outer, "thb_index_t"),
            c.number(size.axis, "thb_index_t"), c.number(size.picks, "thb_index_t"),
            c.number(size.run * bytes, "thb_index_t"), c.key(size.run == 1 ? bytes : 0)});
}

}  // namespace

extern const OpDef op_gather;
const OpDef op_gather = {.name = "gather",
                         .tflite = {{"GATHER", import_gather}},
                         .infer = infer,
                         .eval = eval,
                         .lower = lower,
                         .same_attributes = equal_attributes<GatherAttributes>,
                         .export_tflite = export_gather,
                         .quantization = [](const Graph& graph, const Node& node) {
                             QuantizationRule rule = rule_for_moves(graph, node);
                             rule.prefers_int8 = graph.input(node, 0).is_constant();
                             return rule;
                         }};

}  // namespace thimble
