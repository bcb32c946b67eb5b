// Adds slices into a tensor of zeros at index tuples: SCATTER_ND.
//
//   y = 0;  y[index[i..., 0], ..., index[i..., k-1], r...] += u[i..., r...]
//
// Tuples that occur twice add up. A constant tuple that points outside is refused; a computed one
// adds nothing (the reference kernel stops with an error; the device cannot).
#include "formats/tflite.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void import_scatter_nd(const TfliteOperator&, Graph&, Node&) {}

size_t depth_of(const Graph& graph, const Node& node)
{
    return static_cast<size_t>(graph.input(node, 0).shape.back());
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_input_type(graph, node, 0, {DType::i32, DType::i64});
    require_input_type(graph, node, 1,
                       {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32, DType::i64});
    require_rank(graph, node, 0, 1, 8);
    const Tensor& indices = graph.input(node, 0);
    const Tensor& updates = graph.input(node, 1);
    const Shape shape = constant_integers(graph, node, 2, "shape");
    set_output(graph, node, 0, updates.type, shape);
    require_shape(indices.shape.back() >= 1 &&
                      indices.shape.back() <= static_cast<int64_t>(shape.size()),
                  "tuples " + shape_text(indices.shape),
                  fmt::format("1 to {} numbers in each", shape.size()));
    const size_t depth = depth_of(graph, node);
    Shape expected(indices.shape.begin(), indices.shape.end() - 1);
    expected.insert(expected.end(), shape.begin() + static_cast<int64_t>(depth), shape.end());
    require_shape(updates.shape == expected, "updates " + shape_text(updates.shape),
                  shape_text(expected));
    if (!indices.is_constant()) return;
    const std::vector<int64_t> values = indices.integers();
    for (size_t i = 0; i < values.size(); ++i)
        require_shape(values[i] >= 0 && values[i] < shape[i % depth],
                      fmt::format("index {} of an axis of {}", values[i], shape[i % depth]),
                      "an index inside");
}

// ---- oracle ----

template <typename T, typename Sum> void eval_as(EvalContext& c)
{
    const Shape& shape = c.output().shape;
    const size_t depth = depth_of(c.graph, c.node);
    const std::vector<double> indices = c.raw(0);
    const auto updates = c.in<T>(1);
    const auto out = c.out<T>();
    std::fill(out.begin(), out.end(), T{0});
    const int64_t run =
        element_count(Shape(shape.begin() + static_cast<int64_t>(depth), shape.end()));
    for (size_t u = 0; u < updates.size(); ++u) {
        const size_t tuple = u / static_cast<size_t>(run);
        int64_t to = 0;
        bool inside = true;
        for (size_t d = 0; d < depth; ++d) {
            const double index = indices[tuple * depth + d];
            inside = inside && index >= 0 && index < static_cast<double>(shape[d]);
            if (inside) to = to * shape[d] + static_cast<int64_t>(index);
        }
        if (!inside) continue;
        T& target = out[static_cast<size_t>(to * run) + u % static_cast<size_t>(run)];
        target = static_cast<T>(static_cast<Sum>(target) + static_cast<Sum>(updates[u]));
    }
}

void eval(EvalContext& c)
{
    switch (c.input(1).type) {
    case DType::i8: return eval_as<int8_t, uint32_t>(c);
    case DType::u8: return eval_as<uint8_t, uint32_t>(c);
    case DType::i16: return eval_as<int16_t, uint32_t>(c);
    case DType::i32: return eval_as<int32_t, uint32_t>(c);
    case DType::i64: return eval_as<int64_t, uint64_t>(c);
    default: return eval_as<float, float>(c);
    }
}

// ---- lowering ----

// Names of device/kernels/scatter_nd.h; unsigned addition serves signed numbers too.
std::string type_key(DType type)
{
    if (type == DType::f32) return "THB_SCATTER_F32";
    return fmt::format("THB_SCATTER_{}", element_bytes(type) * 8);
}

void lower(LowerContext& c)
{
    const Shape& shape = c.output().shape;
    if (c.output().count() == 0) return;
    const size_t depth = depth_of(c.graph, c.node);
    const std::vector<int64_t> steps = row_major_steps(shape);
    std::vector<int32_t> axes;
    for (size_t d = 0; d < depth; ++d) {
        axes.push_back(static_cast<int32_t>(shape[d]));
        axes.push_back(static_cast<int32_t>(steps[d]));
    }
    const int64_t tuples = c.input(0).count() / static_cast<int64_t>(depth);
    emit_fill(c, 0, std::vector<uint8_t>(static_cast<size_t>(element_bytes(c.output().type)), 0));
    if (tuples == 0) return;
    c.call("thb_scatter_nd",
           {untyped_in(c.in(0)), c.in_flash(0), c.key(element_bytes(c.input(0).type)),
            untyped_in(c.in(1)), c.in_flash(1), untyped_out(c.out()),
            c.table(axes, "axes of " + c.node.name, false), c.number(tuples, "thb_index_t"),
            c.number(static_cast<int64_t>(depth), "thb_index_t"),
            c.number(c.input(1).count() / tuples, "thb_index_t"),
            c.key_text(type_key(c.output().type))});
}

}  // namespace

extern const OpDef op_scatter_nd;
const OpDef op_scatter_nd = {.name = "scatter_nd",
                             .tflite = {{"SCATTER_ND", import_scatter_nd}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .export_tflite = export_plain};

}  // namespace thimble
