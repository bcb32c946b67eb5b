// Joins each frame with its neighbours in time: frames enter a queue, the very first one `left`
// times more; once it holds left + right + 1 frames they are the output, and the oldest `step` go.
//
// Input int16 [channels]; outputs int16 [(left + right + 1) * channels] and a bool: whether the
// queue was full; if not, the output is zeros here (the reference leaves it unwritten). The import
// hook adds the state: the queue, and how many frames it holds (-1: none has come yet). Source:
// TFLM signal library (docs/numerics.md, "Audio").
#include "ops/signal.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kFrame, kQueue, kHeld };

struct StackerAttributes {
    int64_t channels = 0, left = 0, depth = 0, step = 0;
};

void import_stacker(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = signal_options(source);
    StackerAttributes a;
    a.channels = signal_option(options, "num_channels", 1, INT16_MAX);
    a.left = signal_option(options, "stacker_left_context", 0, INT8_MAX);
    a.depth = a.left + signal_option(options, "stacker_right_context", 0, INT8_MAX) + 1;
    a.step = signal_option(options, "stacker_step", 1, a.depth);
    require_inputs(node, 1, 1);
    add_signal_state(graph, node, "frames", {a.depth, a.channels}, int16_t{0});
    add_signal_state(graph, node, "frame count", {1}, int32_t{-1});
    node.attributes = a;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 2);
    require_signal_type(graph, node, kFrame, DType::i16);
    const auto& a = std::any_cast<const StackerAttributes&>(node.attributes);
    require_shape(graph.input(node, kFrame).count() == a.channels,
                  "input " + shape_text(graph.input(node, kFrame).shape),
                  fmt::format("{} channels", a.channels));
    set_signal_output(graph, node, 0, DType::i16, {a.depth * a.channels});
    set_signal_output(graph, node, 1, DType::boolean, {});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto& a = std::any_cast<const StackerAttributes&>(c.node.attributes);
    const auto in = c.in<int16_t>(kFrame);
    const auto out = c.out<int16_t>(0);
    const auto stored = c.state<int16_t>(kQueue);
    int32_t& held = c.state<int32_t>(kHeld)[0];
    const bool first = held < 0;
    std::vector<int16_t> queue(stored.begin(),
                               stored.begin() +
                                   static_cast<std::ptrdiff_t>(std::max(held, 0) * a.channels));
    for (int64_t copies = first ? a.left + 1 : 1; copies > 0; --copies)
        queue.insert(queue.end(), in.begin(), in.end());
    const bool full = queue.size() >= out.size();
    c.out<uint8_t>(1)[0] = full;
    std::ranges::fill(out, int16_t{0});
    if (full) {
        std::copy_n(queue.begin(), out.size(), out.begin());
        queue.erase(queue.begin(),
                    queue.begin() + static_cast<std::ptrdiff_t>(a.step * a.channels));
    }
    std::ranges::copy(queue, stored.begin());
    held = static_cast<int32_t>(static_cast<int64_t>(queue.size()) / a.channels);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const auto& a = std::any_cast<const StackerAttributes&>(c.node.attributes);
    c.call("thb_signal_stacker_s16",
           {signal_in(c, kFrame), c.state(kQueue), c.state(kHeld), c.out(0), c.out(1),
            c.number(a.channels, "thb_index_t"), c.number(a.depth, "thb_index_t"),
            c.number(a.left, "thb_index_t"), c.number(a.step, "thb_index_t")});
}

}  // namespace

extern const OpDef op_signal_stacker;
const OpDef op_signal_stacker = {.name = "signal_stacker",
                                 .tflite = {{"CUSTOM:SignalStacker", import_stacker}},
                                 .infer = infer,
                                 .eval = eval,
                                 .lower = lower,
                                 .has_side_effect = true};

}  // namespace thimble
