// Cuts a stream into overlapping frames: groups of `step` samples enter a queue; once it holds
// `size`, the oldest `size` are a frame and the oldest `step` go.
//
// Input int16 [..., g * step]; outputs int16 [..., g, size] and one bool: whether the last group
// completed a frame. Frames before that are zeros here (the reference leaves them unwritten). With
// `prefill` size - step zeros stand in the queue at first, so that the first frame is complete. The
// import hook adds the state: the queues, and how many samples each holds.
// Source: TFLM signal library (docs/numerics.md, "Audio").
#include "ops/signal.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kSamples, kQueue, kUsed };

struct FramerAttributes {
    int64_t size = 0, step = 0;
};

// The queue is fullest right after the group has entered that completes a frame.
int64_t capacity_of(const FramerAttributes& a) { return (a.size + a.step - 1) / a.step * a.step; }

void import_framer(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = signal_options(source);
    const FramerAttributes attributes = {signal_option(options, "frame_size", 1, INT16_MAX),
                                         signal_option(options, "frame_step", 1, INT16_MAX)};
    require_inputs(node, 1, 1);
    const int64_t streams = graph.input(node, 0).count() / last_axis(graph, node, 0);
    const int64_t capacity = capacity_of(attributes);
    const int64_t used = options.boolean("prefill", false)
                             ? std::max<int64_t>(attributes.size - attributes.step, 0)
                             : 0;
    add_signal_state(graph, node, "samples", {streams, capacity}, int16_t{0});
    add_signal_state(graph, node, "sample count", {1}, static_cast<int32_t>(used));
    node.attributes = attributes;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 2);
    require_signal_type(graph, node, kSamples, DType::i16);
    const auto& a = std::any_cast<const FramerAttributes&>(node.attributes);
    Shape shape = graph.input(node, kSamples).shape;
    require_shape(last_axis(graph, node, kSamples) % a.step == 0, "input " + shape_text(shape),
                  fmt::format("a multiple of {} samples", a.step));
    shape.back() /= a.step;
    shape.push_back(a.size);
    set_signal_output(graph, node, 0, DType::i16, shape);
    set_signal_output(graph, node, 1, DType::boolean, {});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto& a = std::any_cast<const FramerAttributes&>(c.node.attributes);
    const auto in = c.in<int16_t>(kSamples);
    const auto out = c.out<int16_t>(0);
    const auto stored = c.state<int16_t>(kQueue);
    const size_t streams = static_cast<size_t>(c.input(kQueue).shape[0]);
    const size_t capacity = stored.size() / streams;
    const auto size = static_cast<size_t>(a.size), step = static_cast<size_t>(a.step);
    const auto used = static_cast<size_t>(c.state<int32_t>(kUsed)[0]);
    std::ranges::fill(out, int16_t{0});
    size_t read = 0, written = 0;
    for (size_t s = 0; s < streams; ++s) {
        const auto begin = stored.begin() + static_cast<std::ptrdiff_t>(s * capacity);
        std::deque<int16_t> queue(begin, begin + static_cast<std::ptrdiff_t>(used));
        for (; read < (s + 1) * in.size() / streams; read += step, written += size) {
            for (size_t i = 0; i < step; ++i) queue.push_back(in[read + i]);
            const bool complete = queue.size() >= size;
            c.out<uint8_t>(1)[0] = complete;
            if (!complete) continue;
            for (size_t i = 0; i < size; ++i) out[written + i] = queue[i];
            queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(step));
        }
        std::ranges::copy(queue, begin);
        c.state<int32_t>(kUsed)[0] = static_cast<int32_t>(queue.size());
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const auto& a = std::any_cast<const FramerAttributes&>(c.node.attributes);
    const int64_t streams = c.input(kQueue).shape[0];
    c.call("thb_signal_framer_s16",
           {signal_in(c, kSamples), c.state(kQueue), c.state(kUsed), c.out(0), c.out(1),
            c.number(streams, "thb_index_t"),
            c.number(c.input(kSamples).count() / streams / a.step, "thb_index_t"),
            c.number(a.size, "thb_index_t"), c.number(a.step, "thb_index_t"),
            c.number(c.input(kQueue).count() / streams, "thb_index_t")});
}

}  // namespace

extern const OpDef op_signal_framer;
const OpDef op_signal_framer = {.name = "signal_framer",
                                .tflite = {{"CUSTOM:SignalFramer", import_framer}},
                                .infer = infer,
                                .eval = eval,
                                .lower = lower,
                                .has_side_effect = true};

}  // namespace thimble
