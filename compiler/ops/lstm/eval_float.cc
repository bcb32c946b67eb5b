// The oracle of the float LSTM, with peepholes, layer normalisation, projection and clips; weights
// may be float16, int8 or int4 and are dequantised first. The order of the operations is TFLM's,
// whose recordings are reproduced bit for bit, and TFLite's for what TFLM does not run.
#include "ops/lstm/lstm.h"
#include "ops/recurrent_layer.h"

#include <algorithm>
#include <cmath>

namespace thimble {

namespace {

using Vector = std::vector<float>;

constexpr float kVarianceFloor = 1e-8f;  // TFLite's layer normalisation

struct Gate {
    Vector input, recurrent, bias, peephole, layer_norm;
    CellActivation activation;
};

struct Layer {
    Gate gates[4];  // input, forget, cell, output
    Vector projection, projection_bias;
    const LstmAttributes& attributes;
    bool coupled;
};

Layer layer_of(const EvalContext& c)
{
    const LstmAttributes& attributes = lstm_attributes(c.node);
    Layer layer = {.projection = oracle_floats(c, lstm_input::projection),
                   .projection_bias = oracle_floats(c, lstm_input::projection_bias),
                   .attributes = attributes,
                   .coupled = lstm_is_coupled(c.graph, c.node)};
    for (size_t g = 0; g < 4; ++g) {
        const bool candidate = g == 2;
        const size_t peephole = lstm_input::peepholes + (g == 3 ? 2 : g);
        layer.gates[g] = {
            .input = oracle_floats(c, lstm_input::input_weights + g),
            .recurrent = oracle_floats(c, lstm_input::recurrent_weights + g),
            .bias = oracle_floats(c, lstm_input::biases + g),
            .peephole = candidate ? Vector() : oracle_floats(c, peephole),
            .layer_norm = oracle_floats(c, lstm_input::layer_norm + g),
            .activation = candidate ? attributes.activation : attributes.recurrent_activation};
    }
    return layer;
}

// Mean 0 and variance 1 over the units, times a weight.
void normalise(Vector& values, const Vector& weights)
{
    const auto count = static_cast<float>(values.size());
    float sum = 0.0f, squares = 0.0f;
    for (const float v : values) sum += v;
    const float mean = sum / count;
    for (const float v : values) squares += (v - mean) * (v - mean);
    const float inverse = 1.0f / std::sqrt(squares / count + kVarianceFloor);
    for (size_t o = 0; o < values.size(); ++o)
        values[o] = (values[o] - mean) * inverse * weights[o];
}

Vector gate_values(const Gate& gate, std::span<const float> x, std::span<const float> h,
                   std::span<const float> c)
{
    Vector values(c.size());
    const bool normed = !gate.layer_norm.empty();
    const auto bias = [&](size_t o) { return gate.bias.empty() ? 0.0f : gate.bias[o]; };
    for (size_t o = 0; o < values.size(); ++o) {
        float from_x = oracle_row_product(gate.input, o, x);
        if (!normed) from_x += bias(o);
        values[o] = from_x + oracle_row_product(gate.recurrent, o, h);
        if (!gate.peephole.empty()) values[o] += gate.peephole[o] * c[o];
    }
    if (normed) {
        normalise(values, gate.layer_norm);
        for (size_t o = 0; o < values.size(); ++o) values[o] += bias(o);
    }
    for (float& value : values) value = oracle_cell_activation(gate.activation, value);
    return values;
}

// One step of one batch item; h and c are read and overwritten.
void step(const Layer& layer, std::span<const float> x, std::span<float> h, std::span<float> c)
{
    const LstmAttributes& attributes = layer.attributes;
    const Vector forget = gate_values(layer.gates[1], x, h, c);
    const Vector candidate = gate_values(layer.gates[2], x, h, c);
    Vector input(c.size());
    for (size_t o = 0; o < c.size(); ++o) input[o] = 1.0f - forget[o];
    if (!layer.coupled) input = gate_values(layer.gates[0], x, h, c);
    for (size_t o = 0; o < c.size(); ++o)
        c[o] = oracle_cell_clip(forget[o] * c[o] + input[o] * candidate[o], attributes.cell_clip);
    const Vector output = gate_values(layer.gates[3], x, h, c);
    Vector hidden(c.size());
    for (size_t o = 0; o < c.size(); ++o)
        hidden[o] = oracle_cell_activation(attributes.activation, c[o]) * output[o];
    if (layer.projection.empty()) {
        std::ranges::copy(hidden, h.begin());
        return;
    }
    for (size_t m = 0; m < h.size(); ++m) {
        const float bias = layer.projection_bias.empty() ? 0.0f : layer.projection_bias[m];
        h[m] = oracle_cell_clip(bias + oracle_row_product(layer.projection, m, hidden),
                                attributes.projection_clip);
    }
}

}  // namespace

void eval_lstm_float(EvalContext& context)
{
    const LstmSizes size = lstm_sizes(context.graph, context.node);
    const Layer layer = layer_of(context);
    const LstmAttributes& attributes = layer.attributes;
    const auto x = context.in<float>(lstm_input::x);
    const auto out = context.out<float>();
    Vector h = oracle_floats(context, lstm_input::hidden);
    Vector c = oracle_floats(context, lstm_input::cell);
    const auto part = [](Vector& state, int64_t n, int64_t count) {
        return std::span(state).subspan(static_cast<size_t>(n * count), static_cast<size_t>(count));
    };
    for (int64_t n = 0; n < size.batches; ++n) {
        const std::span<float> h_n = part(h, n, size.outputs);
        for (int64_t k = 0; k < size.steps; ++k) {
            const int64_t t = attributes.reverse ? size.steps - 1 - k : k;
            step(layer,
                 x.subspan(static_cast<size_t>(lstm_row(attributes, size, n, t, size.in_count)),
                           static_cast<size_t>(size.in_count)),
                 h_n, part(c, n, size.units));
            const int64_t row = attributes.return_sequences
                                    ? lstm_row(attributes, size, n, t, size.outputs)
                                    : n * size.outputs;
            std::ranges::copy(h_n, out.begin() + row);
        }
    }
    lstm_keep(context, std::span<const float>(h), std::span<const float>(c));
}

}  // namespace thimble
