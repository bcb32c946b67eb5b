// Scales a frame up before the FFT: y[i] = x[i] * 2^s, s = 15 - significant bits of max |x|.
//
// Input int16 [n]; outputs int16 [n] and s as int32. Quirks that are kept: a frame of zeros gives
// s = 0, and -32768 makes the maximum negative, so that the next larger value replaces it.
// Source: TFLM signal library (docs/numerics.md, "Audio").
#include "numeric/reference.h"
#include "ops/signal.h"

#include <algorithm>

namespace thimble {

namespace {

void import_auto_scale(const TfliteOperator&, Graph&, Node&) {}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 2);
    require_signal_type(graph, node, 0, DType::i16);
    set_signal_output(graph, node, 0, DType::i16, graph.input(node, 0).shape);
    set_signal_output(graph, node, 1, DType::i32, {});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto in = c.in<int16_t>(0);
    int16_t most = 0;
    for (const int16_t value : in) {
        if (value > most) {
            most = value;
        } else if (-int32_t{value} > most) {
            most = static_cast<int16_t>(-int32_t{value});
        }
    }
    // The reference counts 32 significant bits in 0, and in a negative number.
    const int bits =
        most == 0 ? 32 : 32 - reference::leading_zeros(static_cast<uint32_t>(int32_t{most}));
    const int scale = std::max(15 - bits, 0);
    const auto out = c.out<int16_t>();
    for (size_t i = 0; i < in.size(); ++i)
        out[i] = static_cast<int16_t>(int32_t{in[i]} * (1 << scale));
    c.out<int32_t>(1)[0] = scale;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const auto call = [&](const char* kernel) {
        c.call(kernel,
               {signal_in(c, 0), c.out(0), c.out(1), c.number(c.input(0).count(), "thb_index_t")});
    };
    const double cost = static_cast<double>(c.input(0).count());
    c.choose({{"portable", "", cost * 13, [&] { call("thb_signal_fft_auto_scale_s16"); }},
              {"dsp_pairs", "dsp", cost * 6, [&] { call("thb_signal_fft_auto_scale_s16_dsp"); }}});
    c.allow_in_place(0);
}

}  // namespace

extern const OpDef op_signal_fft_auto_scale;
const OpDef op_signal_fft_auto_scale = {
    .name = "signal_fft_auto_scale",
    .tflite = {{"CUSTOM:SignalFftAutoScale", import_auto_scale}},
    .infer = infer,
    .eval = eval,
    .lower = lower};

}  // namespace thimble
