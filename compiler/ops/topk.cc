// The k greatest elements of each row, in falling order, and their places: TOPK_V2.
//
// Of equal elements the first comes first. Both output shapes depend on k, so k must be constant.
#include "formats/tflite.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace thimble {

namespace {

void import_topk(const TfliteOperator&, Graph&, Node&) {}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 2);
    require_input_type(graph, node, 0,
                       {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32, DType::i64});
    require_rank(graph, node, 0, 1, 8);
    const Tensor& in = graph.input(node, 0);
    const int64_t k = constant_integer(graph, node, 1, "k");
    require_shape(k >= 0 && k <= in.shape.back(),
                  fmt::format("k {} of rows of {}", k, in.shape.back()), "0 to the row's length");
    Shape shape = in.shape;
    shape.back() = k;
    set_output(graph, node, 0, in.type, shape);
    set_output(graph, node, 1, DType::i32, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto count = static_cast<size_t>(c.input(0).shape.back());
    const auto k = static_cast<size_t>(c.output().shape.back());
    const std::vector<double> values = c.raw(0);
    const auto bytes = static_cast<size_t>(element_bytes(c.input(0).type));
    for (size_t row = 0; count > 0 && row < values.size() / count; ++row) {
        std::vector<size_t> order(count);
        std::iota(order.begin(), order.end(), size_t{0});
        const double* first = values.data() + row * count;
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return first[a] > first[b]; });
        for (size_t i = 0; i < k; ++i) {
            c.out<int32_t>(1)[row * k + i] = static_cast<int32_t>(order[i]);
            const auto source = c.in_bytes(0).subspan((row * count + order[i]) * bytes, bytes);
            std::ranges::copy(source,
                              c.out_bytes(0).begin() + static_cast<int64_t>((row * k + i) * bytes));
        }
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    if (c.output().count() == 0) return;
    const int64_t count = c.input(0).shape.back();
    c.call("thb_topk",
           {untyped_in(c.in(0)), c.in_flash(0), c.key_text(element_key(c.input(0).type)),
            c.key(element_bytes(c.input(0).type)), untyped_out(c.out(0)), c.out(1),
            c.number(c.input(0).count() / count, "thb_index_t"), c.number(count, "thb_index_t"),
            c.number(c.output().shape.back(), "thb_index_t")});
}

}  // namespace

extern const OpDef op_topk;
const OpDef op_topk = {.name = "topk",
                       .tflite = {{"TOPK_V2", import_topk}},
                       .infer = infer,
                       .eval = eval,
                       .lower = lower,
                       .export_tflite = export_plain};

}  // namespace thimble
