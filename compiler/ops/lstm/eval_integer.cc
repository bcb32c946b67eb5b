// The oracle of the integer LSTM, bit-equal to TFLM: int8 or int16 activations, int8 weights, gates
// in Q3.12 before and Q0.15 after their function, int16 cell, whose scale is a power of two but in
// some 16-bit networks (docs/numerics.md, "Recurrent layers").
#include "numeric/reference.h"
#include "ops/lstm/lstm.h"
#include "ops/sigmoid.h"

#include <algorithm>
#include <cmath>

namespace thimble {

namespace {

using reference::Multiplier;

constexpr double kGateScale = 1.0 / 4096;  // Q3.12

int16_t saturate16(int64_t value)
{
    return static_cast<int16_t>(reference::saturate(value, -32768, 32767));
}

// One of the two matrices of one gate.
struct Matrix {
    std::span<const int8_t> weights;
    std::vector<double> bias;  // empty: none
    Multiplier multiplier;
    int32_t in_zero_point;

    // Row o times `in`, in Q3.12.
    template <typename T> int16_t row(size_t o, std::span<const T> in) const
    {
        int64_t sum = bias.empty() ? 0 : static_cast<int64_t>(bias[o]);
        for (size_t k = 0; k < in.size(); ++k)
            sum += int64_t{weights[o * in.size() + k]} * (in[k] - in_zero_point);
        return saturate16(sizeof(T) == 2
                              ? reference::multiply64(sum, multiplier)
                              : reference::multiply(reference::wrap32(sum), multiplier));
    }
};

Matrix matrix_of(const EvalContext& c, size_t in, size_t weights)
{
    const float product = c.input(in).quant.scale() * c.input(weights).quant.scale();
    return {.weights = c.in<int8_t>(weights),
            .multiplier = reference::quantize_multiplier(double{product} / kGateScale),
            .in_zero_point = c.input(in).quant.zero_point()};
}

struct Gates {
    Matrix input[4];
    Matrix recurrent[4];
};

Gates gates_of(const EvalContext& c)
{
    Gates gates;
    for (size_t g = 0; g < 4; ++g) {
        gates.input[g] = matrix_of(c, lstm_input::x, lstm_input::input_weights + g);
        gates.input[g].bias = c.raw_or_empty(lstm_input::biases + g);
        gates.recurrent[g] =
            matrix_of(c, lstm_input::hidden, lstm_input::recurrent_weights + g);
    }
    return gates;
}

// What one step of the cell needs besides the gates.
struct Cell {
    Multiplier forget, input, hidden;
    int32_t limit;  // of the cell state
    int tanh_multiplier, tanh_shift;
    int32_t hidden_zero_point;
    int32_t lowest, highest;  // of the hidden state
};

Cell cell_of(const EvalContext& c)
{
    const double scale = c.input(lstm_input::cell).quant.scale();
    const Tensor& h = c.input(lstm_input::hidden);
    // The argument of tanh is taken as if the scale were a power of two.
    const auto power = static_cast<int>(reference::round_half_away(std::log2(scale)));
    const float clip = lstm_attributes(c.node).cell_clip;
    const double limit = clip > 0 ? std::clamp(double{clip} / scale, -32768.0, 32767.0) : 32768;
    const reference::Clamp limits = reference::type_limits(h.type);
    return {
        .forget = reference::quantize_multiplier(std::ldexp(1.0, -15)),
        .input = reference::quantize_multiplier(std::ldexp(1.0, -30) / scale),
        .hidden = reference::quantize_multiplier(std::ldexp(1.0, -30) / double{h.quant.scale()}),
        .limit = static_cast<int32_t>(limit),
        .tanh_multiplier = power >= -12 ? 3 << (12 + power) : 3,
        .tanh_shift = power >= -12 ? 0 : -12 - power,
        .hidden_zero_point = h.quant.zero_point(),
        .lowest = limits.lowest,
        .highest = limits.highest};
}

int16_t next_cell(const Cell& cell, int16_t c, int16_t forget, int16_t input, int16_t candidate)
{
    const int16_t kept = saturate16(reference::multiply(int32_t{forget} * c, cell.forget));
    const int16_t added = saturate16(reference::multiply(int32_t{input} * candidate, cell.input));
    return static_cast<int16_t>(
        reference::saturate(saturate16(kept + added), -cell.limit, cell.limit));
}

template <typename T> T next_hidden(const Cell& cell, int16_t c, int16_t output)
{
    const int64_t half = cell.tanh_shift > 0 ? int64_t{1} << (cell.tanh_shift - 1) : 0;
    const int64_t scaled = (int64_t{c} * cell.tanh_multiplier + half) >> cell.tanh_shift;
    const int32_t product = oracle_tanh_s16(scaled) * int32_t{output};
    const int64_t h = int64_t{reference::multiply(product, cell.hidden)} + cell.hidden_zero_point;
    return static_cast<T>(reference::saturate(h, cell.lowest, cell.highest));
}

// One step of one batch item; h and c are read and overwritten.
template <typename T>
void step(const Gates& gates, const Cell& cell, std::span<const T> x, std::span<T> h,
          std::span<int16_t> c)
{
    const std::vector<T> old(h.begin(), h.end());
    const std::span<const T> last = old;
    for (size_t o = 0; o < c.size(); ++o) {
        const auto sum = [&](size_t g) {
            return int64_t{
                saturate16(gates.input[g].row(o, x) + gates.recurrent[g].row(o, last))};
        };
        // Q3.12 times 3 is the 1/12288 of the table.
        const int16_t forget = oracle_logistic_s16(3 * sum(1));
        const int16_t input = oracle_logistic_s16(3 * sum(0));
        const int16_t candidate = oracle_tanh_s16(3 * sum(2));
        const int16_t output = oracle_logistic_s16(3 * sum(3));
        c[o] = next_cell(cell, c[o], forget, input, candidate);
        h[o] = next_hidden<T>(cell, c[o], output);
    }
}

template <typename T> void eval_as(EvalContext& c)
{
    const LstmSizes size = lstm_sizes(c.graph, c.node);
    const LstmAttributes& attributes = lstm_attributes(c.node);
    const Gates gates = gates_of(c);
    const Cell cell = cell_of(c);
    const auto x = c.in<T>(lstm_input::x);
    const auto out = c.out<T>();
    const auto units = static_cast<size_t>(size.units);
    const auto h_in = c.in<T>(lstm_input::hidden);
    const auto c_in = c.in<int16_t>(lstm_input::cell);
    std::vector<T> h(h_in.begin(), h_in.end());
    std::vector<int16_t> cells(c_in.begin(), c_in.end());
    for (int64_t n = 0; n < size.batches; ++n) {
        const size_t at = static_cast<size_t>(n) * units;
        const std::span<T> h_n = std::span(h).subspan(at, units);
        for (int64_t k = 0; k < size.steps; ++k) {
            const int64_t t = attributes.reverse ? size.steps - 1 - k : k;
            step<T>(gates, cell,
                    x.subspan(static_cast<size_t>(lstm_row(attributes, size, n, t, size.in_count)),
                              static_cast<size_t>(size.in_count)),
                    h_n, std::span(cells).subspan(at, units));
            const int64_t row = attributes.return_sequences
                                    ? lstm_row(attributes, size, n, t, size.units)
                                    : n * size.units;
            std::ranges::copy(h_n, out.begin() + row);
        }
    }
    lstm_keep(c, std::span<const T>(h), std::span<const int16_t>(cells));
}

}  // namespace

void eval_lstm_integer(EvalContext& c)
{
    if (c.input(lstm_input::x).type == DType::i8) return eval_as<int8_t>(c);
    eval_as<int16_t>(c);
}

}  // namespace thimble
