// Logarithm of the channels: y[i] = min(32767, ln(x[i] << correction_bits) * output_scale), 0 for
// arguments below 2. Negative correction_bits shift right: frames of fewer than 33 samples have
// them.
//
// Input uint32 [n], output int16 [n]. log2 comes from the leading bit and a table of 128 segments;
// the reference weighs the slope inside a segment by 2^-7 too little, which is kept.
// Source: TFLM signal library (docs/numerics.md, "Audio").
#include "ops/signal.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace thimble {

namespace {

struct LogAttributes {
    int64_t correction_bits = 0, output_scale = 0;
};

void import_log(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = signal_options(source);
    node.attributes = LogAttributes{signal_option(options, "input_correction_bits", -31, 31),
                                    signal_option(options, "output_scale", 0, INT32_MAX)};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::u32);
    set_signal_output(graph, node, 0, DType::i16, graph.input(node, 0).shape);
}

// ---- oracle ----

// 65536 * (log2(1 + i/128) - i/128), rounded; 0 beyond the end.
int64_t log_table(int64_t i)
{
    const double x = static_cast<double>(i) / 128;
    return i > 128 ? 0 : static_cast<int64_t>(std::round(65536 * (std::log2(1 + x) - x)));
}

uint32_t scaled_log(uint32_t x, uint32_t output_scale)
{
    const int integer = std::bit_width(x) - 1;
    const int64_t fraction = ((int64_t{x} - (int64_t{1} << integer)) << 16) >> integer;
    const int64_t segment = fraction / 512;
    const int64_t slope =
        ((log_table(segment + 1) - log_table(segment)) * (fraction - 512 * segment)) >> 16;
    const int64_t log2 = integer * int64_t{65536} + fraction + log_table(segment) + slope;
    const auto ln = static_cast<uint32_t>((45426 * log2 + 32768) >> 16);
    return (output_scale * ln + 32768) >> 16;
}

void eval(EvalContext& c)
{
    const auto& a = std::any_cast<const LogAttributes&>(c.node.attributes);
    const auto in = c.in<uint32_t>(0);
    const auto out = c.out<int16_t>();
    for (size_t i = 0; i < in.size(); ++i) {
        const auto x = a.correction_bits < 0
                           ? in[i] >> -a.correction_bits
                           : static_cast<uint32_t>(uint64_t{in[i]} << a.correction_bits);
        out[i] = static_cast<int16_t>(
            x < 2
                ? 0
                : std::min<uint32_t>(scaled_log(x, static_cast<uint32_t>(a.output_scale)), 32767));
    }
}

// ---- lowering ----

std::vector<uint16_t> segment_table()
{
    std::vector<uint16_t> table;
    for (int i = 0; i <= 128; ++i)
        table.push_back(static_cast<uint16_t>(
            std::floor(65536.0 * std::log2((128.0 + i) / 128.0) - 512.0 * i + 0.5)));
    table.push_back(0);
    return table;
}

void lower(LowerContext& c)
{
    const auto& a = std::any_cast<const LogAttributes&>(c.node.attributes);
    c.call("thb_signal_filter_bank_log_u32",
           {signal_in(c, 0), c.table(segment_table(), "logarithm of " + c.node.name, false),
            c.out(), c.number(c.input(0).count(), "thb_index_t"), c.key(a.correction_bits),
            c.number(a.output_scale, "uint32_t")});
    c.allow_in_place(0);
}

}  // namespace

extern const OpDef op_signal_filter_bank_log;
const OpDef op_signal_filter_bank_log = {.name = "signal_filter_bank_log",
                                         .tflite = {{"CUSTOM:SignalFilterBankLog", import_log}},
                                         .infer = infer,
                                         .eval = eval,
                                         .lower = lower};

}  // namespace thimble
