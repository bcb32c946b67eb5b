// Squared magnitude of complex bins: y[k] = re[k]^2 + im[k]^2 for start <= k < end.
//
// Input int16 pairs [..., 2n], output uint32 [n]. The reference leaves the other bins unwritten;
// here they are 0. Source: TFLM signal library (docs/numerics.md, "Audio").
#include "ops/signal.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct EnergyAttributes {
    int64_t begin = 0, end = 0;
};

void import_energy(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = signal_options(source);
    node.attributes = EnergyAttributes{signal_option(options, "start_index", 0, INT16_MAX),
                                       signal_option(options, "end_index", 0, INT16_MAX)};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::i16);
    const int64_t count = graph.input(node, 0).count();
    const auto& attributes = std::any_cast<const EnergyAttributes&>(node.attributes);
    require_shape(count % 2 == 0, "input " + shape_text(graph.input(node, 0).shape),
                  "pairs of a real and an imaginary part");
    require_shape(attributes.begin <= attributes.end && attributes.end <= count / 2,
                  fmt::format("bins {} to {} of {}", attributes.begin, attributes.end, count / 2),
                  "start_index <= end_index <= bins");
    set_signal_output(graph, node, 0, DType::u32, {count / 2});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto in = c.in<int16_t>(0);
    const auto out = c.out<uint32_t>();
    const auto& attributes = std::any_cast<const EnergyAttributes&>(c.node.attributes);
    for (size_t k = 0; k < out.size(); ++k) {
        const int64_t re = in[2 * k], im = in[2 * k + 1];
        const bool wanted =
            static_cast<int64_t>(k) >= attributes.begin && static_cast<int64_t>(k) < attributes.end;
        out[k] = wanted ? static_cast<uint32_t>(re * re + im * im) : 0;
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const auto& attributes = std::any_cast<const EnergyAttributes&>(c.node.attributes);
    const auto call = [&](const char* kernel) {
        c.call(kernel, {signal_in(c, 0), c.out(), c.number(c.output().count(), "thb_index_t"),
                        c.number(attributes.begin, "thb_index_t"),
                        c.number(attributes.end, "thb_index_t")});
    };
    const double cost = static_cast<double>(c.output().count());
    c.choose({{"portable", "", cost * 9, [&] { call("thb_signal_energy_s16"); }},
              {"dsp_pairs", "dsp", cost * 5, [&] { call("thb_signal_energy_s16_dsp"); }}});
    c.allow_in_place(0);
}

int64_t macs(const Graph& graph, const Node& node)
{
    return graph.input(node, 0).count();
}

}  // namespace

extern const OpDef op_signal_energy;
const OpDef op_signal_energy = {.name = "signal_energy",
                                .tflite = {{"CUSTOM:SignalEnergy", import_energy}},
                                .infer = infer,
                                .eval = eval,
                                .lower = lower,
                                .macs = macs};

}  // namespace thimble
