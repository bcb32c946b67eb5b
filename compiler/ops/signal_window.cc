// Window function of the audio front end: y[f,i] = saturate((x[f,i] * w[i]) >> shift).
//
// Inputs: int16 [..., n] and the constant int16 [n], most often Hann coefficients in Q12.
// Source: TFLM signal library (docs/numerics.md, "Audio").
#include "numeric/reference.h"
#include "ops/signal.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

struct WindowAttributes {
    int64_t shift = 0;
};

void import_window(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = WindowAttributes{signal_option(signal_options(source), "shift", 0, 31)};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::i16);
    require_signal_table(graph, node, 1, DType::i16);
    require_shape(last_axis(graph, node, 0) == graph.input(node, 1).count(),
                  fmt::format("input {} and window {}", shape_text(graph.input(node, 0).shape),
                              shape_text(graph.input(node, 1).shape)),
                  "a window as long as a frame");
    set_signal_output(graph, node, 0, DType::i16, graph.input(node, 0).shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto in = c.in<int16_t>(0);
    const auto window = c.in<int16_t>(1);
    const auto out = c.out<int16_t>();
    const int64_t shift = std::any_cast<const WindowAttributes&>(c.node.attributes).shift;
    for (size_t i = 0; i < in.size(); ++i)
        out[i] = static_cast<int16_t>(reference::saturate(
            (int64_t{in[i]} * window[i % window.size()]) >> shift, -32768, 32767));
}

// ---- lowering ----

// Whether a product can leave int16 behind the shift.
bool saturates(std::span<const int16_t> weights, int64_t shift)
{
    return shift > 16 || std::ranges::any_of(weights, [&](int16_t weight) {
               return weight < 0 || weight > int64_t{1} << shift;
           });
}

void lower(LowerContext& c)
{
    const int64_t count = c.input(1).count();
    const int64_t shift = std::any_cast<const WindowAttributes&>(c.node.attributes).shift;
    const int64_t samples = c.input(0).count();
    const auto args = [&c, count, samples, shift] {
        return std::vector<Arg>{signal_in(c, 0),
                                c.in(1),
                                c.out(),
                                c.number(samples / count, "thb_index_t"),
                                c.number(count, "thb_index_t"),
                                c.key(shift)};
    };
    const bool clamps = saturates(c.input(1).values<int16_t>(), shift);
    const double cost = static_cast<double>(samples);
    c.choose(
        {{"portable", "", cost * 7,
          [&] {
              std::vector<Arg> all = args();
              all.push_back(c.key(int64_t{clamps}));
              c.call("thb_signal_window_s16", all);
          }},
         {"dsp_pairs", "dsp", cost * 5, [&] { c.call("thb_signal_window_s16_dsp", args()); }}});
    c.allow_in_place(0);
}

int64_t macs(const Graph& graph, const Node& node)
{
    return graph.input(node, 0).count();
}

}  // namespace

extern const OpDef op_signal_window;
const OpDef op_signal_window = {.name = "signal_window",
                                .tflite = {{"CUSTOM:SignalWindow", import_window}},
                                .infer = infer,
                                .eval = eval,
                                .lower = lower,
                                .macs = macs};

}  // namespace thimble
