// Root of the filter bank's energies, back from the FFT's scale: y[i] = round(sqrt(x[i])) >> s.
//
// Inputs: uint64 [n] and the scalar int32 s of signal_fft_auto_scale; output uint32 [n]. The root
// is rounded to nearest, except that it stays 65535 below 2^32 and 2^32 - 1 above. A scale outside
// 0..31 is undefined in the reference; here it gives 0. Source: TFLM signal library
// (docs/numerics.md, "Audio").
#include "ops/signal.h"

#include <cmath>

namespace thimble {

namespace {

void import_square_root(const TfliteOperator&, Graph&, Node&) {}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::u64);
    require_signal_type(graph, node, 1, DType::i32);
    require_shape(graph.input(node, 1).count() == 1,
                  "scale " + shape_text(graph.input(node, 1).shape), "one number");
    set_signal_output(graph, node, 0, DType::u32, graph.input(node, 0).shape);
}

// ---- oracle ----

uint32_t rounded_root(uint64_t value)
{
    // The floating-point root is near; its exact floor is found from there.
    auto root = static_cast<uint64_t>(std::sqrt(static_cast<double>(value)));
    while (root > 0 && (root > UINT32_MAX || root * root > value)) --root;
    while (root < UINT32_MAX && (root + 1) * (root + 1) <= value) ++root;
    const uint64_t most = value <= UINT32_MAX ? 0xFFFF : 0xFFFFFFFF;
    return static_cast<uint32_t>(value - root * root > root && root != most ? root + 1 : root);
}

void eval(EvalContext& c)
{
    const auto in = c.in<uint64_t>(0);
    const auto out = c.out<uint32_t>();
    const int32_t scale = c.in<int32_t>(1)[0];
    for (size_t i = 0; i < in.size(); ++i)
        out[i] = scale >= 0 && scale <= 31 ? rounded_root(in[i]) >> scale : 0;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    c.call("thb_signal_square_root_u64",
           {signal_in(c, 0), signal_in(c, 1), c.out(), c.number(c.input(0).count(), "thb_index_t"),
            // Cores that multiply so wide divide in hardware, too.
            c.key(int64_t{c.target.has_wide_multiply})});
    c.allow_in_place(0);
}

}  // namespace

extern const OpDef op_signal_filter_bank_square_root;
const OpDef op_signal_filter_bank_square_root = {
    .name = "signal_filter_bank_square_root",
    .tflite = {{"CUSTOM:SignalFilterBankSquareRoot", import_square_root}},
    .infer = infer,
    .eval = eval,
    .lower = lower};

}  // namespace thimble
