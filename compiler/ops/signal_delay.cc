// Delays a stream by `delay_length` samples, zeros at first: y[t] = x[t - delay].
//
// Input and output int16 [..., n]. The import hook adds the state: the last `delay_length` samples
// of each stream. Source: TFLM signal library.
#include "ops/signal.h"

#include <algorithm>

namespace thimble {

namespace {

struct DelayAttributes {
    int64_t delay = 0;
};

void import_delay(const TfliteOperator& source, Graph& graph, Node& node)
{
    const int64_t delay = signal_option(signal_options(source), "delay_length", 1, INT16_MAX);
    require_inputs(node, 1, 1);
    const int64_t streams = graph.input(node, 0).count() / last_axis(graph, node, 0);
    add_signal_state(graph, node, "delayed samples", {streams, delay}, int16_t{0});
    node.attributes = DelayAttributes{delay};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::i16);
    set_signal_output(graph, node, 0, DType::i16, graph.input(node, 0).shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto in = c.in<int16_t>(0);
    const auto state = c.state<int16_t>(1);
    const auto delay = static_cast<size_t>(
        std::any_cast<const DelayAttributes&>(c.node.attributes).delay);
    const size_t streams = state.size() / delay;
    const size_t count = in.size() / streams;
    for (size_t s = 0; s < streams; ++s) {
        const auto old = state.subspan(s * delay, delay);
        const auto fresh = in.subspan(s * count, count);
        std::vector<int16_t> line(old.begin(), old.end());
        line.insert(line.end(), fresh.begin(), fresh.end());
        std::copy_n(line.begin(), count,
                    c.out<int16_t>().begin() + static_cast<std::ptrdiff_t>(s * count));
        std::copy_n(line.begin() + static_cast<std::ptrdiff_t>(count), delay, old.begin());
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const int64_t streams = c.input(1).shape[0];
    c.call(
        "thb_signal_delay_s16",
        {signal_in(c, 0), c.state(1), c.out(), c.number(streams, "thb_index_t"),
         c.number(c.input(0).count() / streams, "thb_index_t"),
         c.number(std::any_cast<const DelayAttributes&>(c.node.attributes).delay, "thb_index_t")});
}

}  // namespace

extern const OpDef op_signal_delay;
const OpDef op_signal_delay = {.name = "signal_delay",
                               .tflite = {{"CUSTOM:SignalDelay", import_delay}},
                               .infer = infer,
                               .eval = eval,
                               .lower = lower,
                               .has_side_effect = true};

}  // namespace thimble
