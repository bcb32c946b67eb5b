// Joins overlapping frames to a stream: a frame is added to the buffer with saturation, the first
// `step` samples of which are then output and dropped.
//
// Input int16 [..., frames, size], output int16 [..., frames * step]. The import hook adds the
// state: one buffer of `size` samples a stream. Source: TFLM signal library.
#include "numeric/reference.h"
#include "ops/signal.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

struct OverlapAttributes {
    int64_t step = 0;
};

struct OverlapSizes {
    int64_t streams, frames, size;
};

OverlapSizes sizes_of(const Graph& graph, const Node& node)
{
    const Shape& shape = graph.input(node, 0).shape;
    const int64_t size = last_axis(graph, node, 0);
    const int64_t frames = shape.size() >= 2 ? shape[shape.size() - 2] : 1;
    return {element_count(shape) / size / frames, frames, size};
}

void import_overlap_add(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = signal_options(source);
    require_signal_int16(options);
    require_inputs(node, 1, 1);
    const OverlapSizes size = sizes_of(graph, node);
    node.attributes = OverlapAttributes{signal_option(options, "frame_step", 1, size.size)};
    add_signal_state(graph, node, "overlap", {size.streams, size.size}, int16_t{0});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::i16);
    const OverlapSizes size = sizes_of(graph, node);
    Shape shape = graph.input(node, 0).shape;
    if (shape.size() >= 2) shape.pop_back();
    shape.back() = size.frames * std::any_cast<const OverlapAttributes&>(node.attributes).step;
    set_signal_output(graph, node, 0, DType::i16, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const OverlapSizes size = sizes_of(c.graph, c.node);
    const auto step = static_cast<size_t>(
        std::any_cast<const OverlapAttributes&>(c.node.attributes).step);
    const auto in = c.in<int16_t>(0);
    auto out = c.out<int16_t>().begin();
    size_t read = 0;
    for (int64_t s = 0; s < size.streams; ++s) {
        const auto buffer = c.state<int16_t>(1).subspan(static_cast<size_t>(s * size.size),
                                                        static_cast<size_t>(size.size));
        for (int64_t f = 0; f < size.frames; ++f) {
            for (int16_t& value : buffer)
                value = static_cast<int16_t>(
                    reference::saturate(int64_t{value} + in[read++], -32768, 32767));
            out = std::copy_n(buffer.begin(), step, out);
            std::shift_left(buffer.begin(), buffer.end(), static_cast<std::ptrdiff_t>(step));
            std::fill(buffer.end() - static_cast<std::ptrdiff_t>(step), buffer.end(), int16_t{0});
        }
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const OverlapSizes size = sizes_of(c.graph, c.node);
    c.call(
        "thb_signal_overlap_add_s16",
        {signal_in(c, 0), c.state(1), c.out(), c.number(size.streams, "thb_index_t"),
         c.number(size.frames, "thb_index_t"), c.number(size.size, "thb_index_t"),
         c.number(std::any_cast<const OverlapAttributes&>(c.node.attributes).step, "thb_index_t")});
}

}  // namespace

extern const OpDef op_signal_overlap_add;
const OpDef op_signal_overlap_add = {.name = "signal_overlap_add",
                                     .tflite = {{"CUSTOM:SignalOverlapAdd", import_overlap_add}},
                                     .infer = infer,
                                     .eval = eval,
                                     .lower = lower,
                                     .has_side_effect = true};

}  // namespace thimble
