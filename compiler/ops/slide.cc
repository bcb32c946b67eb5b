// Slides a window of `length` rows over a stream, `hop` rows at a time.
//
// Every run brings r rows. `valid` is true in the runs in which a window ends: the first one with
// row `missing` as it is at first, then one for each `hop` rows; all of them are multiples of r. A
// first window that ends before row `length` begins with rows of its initial value. With a hop
// above the length the rows between two windows are skipped. Any element type.
//
// The import hook is for text cases: options length, hop, first (the row that ends the first
// window; without it `length`); outputs valid and a copy of the window.
#include "ops/elements.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/signal.h"
#include "ops/stream.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kRows, kWindow, kMissing };

constexpr int64_t kRowsMax = INT16_MAX;

void import_slide(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = signal_options(source);
    const int64_t length = signal_option(options, "length", 1, kRowsMax);
    const SlideAttributes attributes = {signal_option(options, "hop", 1, kRowsMax)};
    const int64_t first =
        options.has("first") ? signal_option(options, "first", 1, kRowsMax) : length;
    require_inputs(node, 1, 1);
    const Tensor rows = graph.input(node, kRows);
    require_shape(rows.shape.size() >= 2 && rows.count() > 0, "rows " + shape_text(rows.shape),
                  "[rows, ...]");
    Shape shape = rows.shape;
    shape[0] = length;
    const TensorId window =
        add_stream_state(graph, node, "window", rows.type, shape, rows.quant, {});
    add_stream_state(graph, node, "missing", DType::i16, {1}, {},
                     {static_cast<uint8_t>(first), static_cast<uint8_t>(first >> 8)});
    node.attributes = attributes;
    give_window(graph, node, window);
}

int64_t length_of(const Node& node, const Tensor& window)
{
    const int64_t length = std::any_cast<const SlideAttributes&>(node.attributes).length;
    return length > 0 ? length : window.shape[0];
}

// Windows end with the last of the `fresh` rows of a run. A body knows no initial values.
bool fits_runs(const SlideAttributes& a, const Tensor& missing, int64_t fresh)
{
    if (fresh < 1 || a.hop < 1 || a.hop > kRowsMax || a.hop % fresh != 0) return false;
    if (!missing.data) return true;
    const int64_t first = (*missing.data)[0] | (*missing.data)[1] << 8;
    return first >= 1 && first <= kRowsMax && first % fresh == 0;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    const auto& a = std::any_cast<const SlideAttributes&>(node.attributes);
    const Tensor& rows = graph.input(node, kRows);
    const Tensor& window = graph.input(node, kWindow);
    const bool states = window.kind == TensorKind::state && window.type == rows.type &&
                        graph.input(node, kMissing).kind == TensorKind::state &&
                        graph.input(node, kMissing).type == DType::i16 &&
                        graph.input(node, kMissing).count() == 1;
    THIMBLE_CHECK(states, "states of " + node.name);
    require_shape(!window.shape.empty() && window.count() > 0 && rows.count() > 0 &&
                      length_of(node, window) <= kRowsMax,
                  "window " + shape_text(window.shape),
                  fmt::format("1 to {} rows, not empty", kRowsMax));
    THIMBLE_CHECK(window.count() % length_of(node, window) == 0, node.name);
    const int64_t row = window.count() / length_of(node, window);
    require_shape(rows.count() % row == 0 &&
                      fits_runs(a, graph.input(node, kMissing), rows.count() / row),
                  fmt::format("rows {}, window {}, hop {}", shape_text(rows.shape),
                              shape_text(window.shape), a.hop),
                  "a first window and a hop that are multiples of the rows of a run");
    Tensor& valid = graph.tensor(node.outputs[0]);
    valid.type = DType::boolean;
    valid.shape = {1};
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto hop = static_cast<size_t>(
        std::any_cast<const SlideAttributes&>(c.node.attributes).hop);
    const auto rows = c.in_bytes(kRows);
    const auto window = c.state_bytes(kWindow);
    const auto length = static_cast<size_t>(length_of(c.node, c.input(kWindow)));
    const size_t row_bytes = window.size() / length;
    auto missing = static_cast<size_t>(c.state<int16_t>(kMissing)[0]);
    const auto row_at = [&](size_t row) {
        return window.begin() + static_cast<std::ptrdiff_t>(row * row_bytes);
    };
    if (missing == 0) {
        // Rows of the old window that are in the next one too move to its begin.
        std::copy(row_at(std::min(hop, length)), window.end(), window.begin());
        missing = hop;
    }
    const size_t fresh = rows.size() / row_bytes;
    for (size_t i = 0; i < fresh; ++i)
        if (missing - i <= length)
            std::ranges::copy(rows.subspan(i * row_bytes, row_bytes), row_at(length - missing + i));
    missing -= fresh;
    c.state<int16_t>(kMissing)[0] = static_cast<int16_t>(missing);
    c.out<uint8_t>()[0] = missing == 0;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Tensor& window = c.input(kWindow);
    const int64_t length = length_of(c.node, window);
    const int64_t row_bytes = window.bytes() / length;
    Arg rows = c.in(kRows);
    rows.c_type = "const void*";
    Arg kept = c.state(kWindow);
    kept.c_type = "void*";
    c.call("thb_slide",
           {rows, c.in_flash(kRows), kept, c.state(kMissing), c.out(),
            c.number(row_bytes, "thb_index_t"),
            c.number(c.input(kRows).bytes() / row_bytes, "int16_t"), c.number(length, "int16_t"),
            c.number(std::any_cast<const SlideAttributes&>(c.node.attributes).hop, "int16_t")});
}

}  // namespace

extern const OpDef op_slide;
const OpDef op_slide = {.name = "slide",
                        .tflite = {{"CUSTOM:ThimbleSlide", import_slide}},
                        .infer = infer,
                        .eval = eval,
                        .lower = lower,
                        .has_side_effect = true};

}  // namespace thimble
