// FFT of real int16 samples in fixed point, scaled by 1 / N: X = FFT(x padded with zeros to N).
//
// Input int16 [..., n], n <= N; output int16 [..., 2 * (N/2 + 1)], real and imaginary parts of the
// bins 0 to N/2. Even and odd samples are transformed as one complex FFT of length h = N/2, then:
//   X[k] = (f + w) / 2, X[h-k] = conj(f - w) / 2
//   with f = z[k] + conj z[h-k], w = (z[k] - conj z[h-k]) * S[k]
// Source: TFLM signal library on kissfft (docs/numerics.md, "Audio").
#include "ops/signal.h"
#include "ops/signal_fft.h"

#include <bit>
#include <fmt/format.h>

namespace thimble {

namespace {

struct RfftAttributes {
    int64_t fft_length = 0;
};

void import_rfft(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = signal_options(source);
    require_signal_int16(options);
    node.attributes = RfftAttributes{options.i64("fft_length")};
}

int64_t fft_length_of(const Node& node)
{
    return std::any_cast<const RfftAttributes&>(node.attributes).fft_length;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    require_signal_type(graph, node, 0, DType::i16);
    const int64_t fft_length = fft_length_of(node);
    require_fft_length(fft_length);
    const int64_t count = last_axis(graph, node, 0);
    require_shape(count <= fft_length, fmt::format("{} samples a frame", count),
                  fmt::format("at most {}, the FFT length", fft_length));
    Shape shape = graph.input(node, 0).shape;
    shape.back() = fft_length + 2;
    set_signal_output(graph, node, 0, DType::i16, shape);
}

// ---- oracle ----

void eval_frame(std::span<const int16_t> in, std::span<int16_t> out, int64_t fft_length)
{
    using namespace oracle_fft;
    const auto h = static_cast<size_t>(fft_length / 2);
    const auto sample = [&](size_t i) { return i < in.size() ? in[i] : int16_t{0}; };
    std::vector<Complex> packed;
    for (size_t i = 0; i < h; ++i) packed.push_back({sample(2 * i), sample(2 * i + 1)});
    const std::vector<Complex> z = transform(packed, false);
    const auto store = [&](size_t k, int re, int im) {
        out[2 * k] = static_cast<int16_t>(re);
        out[2 * k + 1] = static_cast<int16_t>(im);
    };
    const Complex t = divide(z[0], 2);
    store(0, t.re + t.im, 0);
    store(h, t.re - t.im, 0);
    for (size_t k = 1; k <= h / 2; ++k) {
        const Complex a = divide(z[k], 2);
        const Complex b = divide(conjugate(z[h - k]), 2);
        const Complex f = add(a, b);
        const Complex w =
            multiply(subtract(a, b), split_factor(static_cast<int64_t>(k), fft_length / 2, false));
        // At k = h/2 both are the same bin, and the second stays.
        store(k, (f.re + w.re) >> 1, (f.im + w.im) >> 1);
        store(h - k, (f.re - w.re) >> 1, (w.im - f.im) >> 1);
    }
}

void eval(EvalContext& c)
{
    const auto in = c.in<int16_t>(0);
    const auto out = c.out<int16_t>();
    const auto fft_length = static_cast<size_t>(fft_length_of(c.node));
    const auto count = static_cast<size_t>(c.input(0).shape.back());
    for (size_t f = 0; f < in.size() / count; ++f)
        eval_frame(in.subspan(f * count, count), out.subspan(f * (fft_length + 2), fft_length + 2),
                   fft_length_of(c.node));
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const int64_t fft_length = fft_length_of(c.node);
    const int64_t count = c.input(0).shape.back();
    const auto call = [&c, fft_length, count](const char* kernel) {
        c.call(kernel, {signal_in(c, 0),
                        c.table(fft_twiddle_table(fft_length / 2, false),
                                "twiddle factors of " + c.node.name, false),
                        c.table(fft_split_table(fft_length / 2, false),
                                "split factors of " + c.node.name, false),
                        c.out(), c.number(c.input(0).count() / count, "thb_index_t"),
                        c.number(count, "thb_index_t"), c.key(fft_length)});
    };
    // Instructions of a butterfly, counted.
    const double butterflies = static_cast<double>(c.input(0).count() / count * fft_length) / 2;
    std::vector<Variant> variants = {
        {"portable", "", butterflies * 140, [=] { call("thb_signal_rfft_s16"); }}};
    const auto half = static_cast<uint64_t>(fft_length / 2);
    if (half >= 4 && std::countr_zero(half) % 2 == 0)
        variants.push_back(
            {"dsp_pairs", "dsp", butterflies * 50, [=] { call("thb_signal_rfft_s16_dsp"); }});
    c.choose(std::move(variants));
}

int64_t macs(const Graph& graph, const Node& node)
{
    const int64_t fft_length = fft_length_of(node);
    int64_t stages = 0;
    for (int64_t length = fft_length; length > 1; length /= 4) ++stages;
    return graph.input(node, 0).count() / graph.input(node, 0).shape.back() * fft_length / 2 * 3 *
           stages;
}

}  // namespace

extern const OpDef op_signal_rfft;
const OpDef op_signal_rfft = {.name = "signal_rfft",
                              .tflite = {{"CUSTOM:SignalRfft", import_rfft}},
                              .infer = infer,
                              .eval = eval,
                              .lower = lower,
                              .macs = macs};

}  // namespace thimble
