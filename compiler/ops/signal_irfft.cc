// Inverse of signal_rfft in fixed point, scaled by 1 / N once more: x = IFFT(X).
//
// Input int16 [..., 2 * (N/2 + 1)], real and imaginary parts of the bins 0 to N/2; output int16
// [..., N]. With h = N/2 the bins are joined to z[k] = e + o, z[h-k] = conj(e - o), e = X[k] + conj
// X[h-k], o = (X[k] - conj X[h-k]) * S[k]; the complex inverse FFT of z holds the even and odd
// samples. Source: TFLM signal library on kissfft (docs/numerics.md, "Audio").
#include "ops/signal.h"
#include "ops/signal_fft.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct IrfftAttributes {
    int64_t fft_length = 0;
};

void import_irfft(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = signal_options(source);
    require_signal_int16(options);
    node.attributes = IrfftAttributes{options.i64("fft_length")};
}

int64_t fft_length_of(const Node& node)
{
    return std::any_cast<const IrfftAttributes&>(node.attributes).fft_length;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::i16);
    const int64_t fft_length = fft_length_of(node);
    require_fft_length(fft_length);
    require_shape(
        last_axis(graph, node, 0) == fft_length + 2,
        "input " + shape_text(graph.input(node, 0).shape),
        fmt::format("{} numbers a frame: {} complex bins", fft_length + 2, fft_length / 2 + 1));
    Shape shape = graph.input(node, 0).shape;
    shape.back() = fft_length;
    set_signal_output(graph, node, 0, DType::i16, shape);
}

// ---- oracle ----

void eval_frame(std::span<const int16_t> in, std::span<int16_t> out)
{
    using namespace oracle_fft;
    const size_t h = out.size() / 2;
    const auto bin = [&](size_t k) { return Complex{in[2 * k], in[2 * k + 1]}; };
    std::vector<Complex> z(h);
    const Complex ends = {bin(h).re, static_cast<int16_t>(-bin(h).re)};
    z[0] = divide(add({bin(0).re, bin(0).re}, ends), 2);
    for (size_t k = 1; k <= h / 2; ++k) {
        const Complex a = divide(bin(k), 2);
        const Complex b = divide(conjugate(bin(h - k)), 2);
        const Complex e = add(a, b);
        const Complex o = multiply(
            subtract(a, b), split_factor(static_cast<int64_t>(k), static_cast<int64_t>(h), true));
        z[k] = add(e, o);
        z[h - k] = conjugate(subtract(e, o));
    }
    const std::vector<Complex> samples = transform(z, true);
    for (size_t i = 0; i < h; ++i) {
        out[2 * i] = samples[i].re;
        out[2 * i + 1] = samples[i].im;
    }
}

void eval(EvalContext& c)
{
    const auto in = c.in<int16_t>(0);
    const auto out = c.out<int16_t>();
    const auto fft_length = static_cast<size_t>(fft_length_of(c.node));
    for (size_t f = 0; f < out.size() / fft_length; ++f)
        eval_frame(in.subspan(f * (fft_length + 2), fft_length + 2),
                   out.subspan(f * fft_length, fft_length));
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const int64_t fft_length = fft_length_of(c.node);
    c.call(
        "thb_signal_irfft_s16",
        {signal_in(c, 0),
         c.table(fft_twiddle_table(fft_length / 2, true), "twiddle factors of " + c.node.name,
                 false),
         c.table(fft_split_table(fft_length / 2, true), "split factors of " + c.node.name, false),
         c.out(), c.number(c.output().count() / fft_length, "thb_index_t"), c.key(fft_length)});
}

int64_t macs(const Graph& graph, const Node& node)
{
    const int64_t fft_length = fft_length_of(node);
    int64_t stages = 0;
    for (int64_t length = fft_length; length > 1; length /= 4) ++stages;
    return graph.input(node, 0).count() / (fft_length + 2) * fft_length / 2 * 3 * stages;
}

}  // namespace

extern const OpDef op_signal_irfft;
const OpDef op_signal_irfft = {.name = "signal_irfft",
                               .tflite = {{"CUSTOM:SignalIrfft", import_irfft}},
                               .infer = infer,
                               .eval = eval,
                               .lower = lower,
                               .macs = macs};

}  // namespace thimble
