// Recurrent layers step by step, as ops/recurrent.h states them: x [N, T, i], h and c from zeros.
#include "base/error.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "torch/operators.h"

#include <ATen/ATen.h>

namespace thimble {

namespace {

torch::Tensor activated(CellActivation kind, const torch::Tensor& x)
{
    switch (kind) {
    case CellActivation::none:
        return x;
    case CellActivation::relu:
        return at::relu(x);
    case CellActivation::relu6:
        return at::clamp(x, 0, 6);
    case CellActivation::tanh:
        return at::tanh(x);
    case CellActivation::sigmoid:
        return at::sigmoid(x);
    }
    THIMBLE_CHECK(false, "a cell activation");
}

// The weights of all gates one below the other: [gates * u, ...]; undefined where they are absent.
torch::Tensor stacked(const NodeValues& n, size_t first, size_t gates)
{
    std::vector<torch::Tensor> parts;
    for (size_t g = 0; g < gates; ++g) {
        parts.push_back(n.value(first + g));
        if (!parts.back().defined()) return {};
    }
    return at::cat(parts, 0);
}

// The gates' sums over x in all steps at once.
torch::Tensor input_sums(const torch::Tensor& x, const torch::Tensor& weights,
                         const torch::Tensor& bias)
{
    const torch::Tensor sums = at::matmul(x, weights.t());
    return bias.defined() ? sums + bias : sums;
}

// Runs `step(t)`, which gives h, over time, and returns what the layer returns.
template <typename Step>
torch::Tensor over_time(const RecurrentAttributes& layer, int64_t steps, const Step& step)
{
    std::vector<torch::Tensor> hidden(static_cast<size_t>(steps));
    for (int64_t i = 0; i < steps; ++i) {
        const int64_t t = layer.reverse ? steps - 1 - i : i;
        hidden[static_cast<size_t>(t)] = step(t);
    }
    if (layer.return_sequences) return at::stack(hidden, 1);
    return layer.reverse ? hidden.front() : hidden.back();
}

torch::Tensor lstm(const NodeValues& n)
{
    const auto& layer = std::any_cast<const LstmAttributes&>(n.node.attributes);
    const torch::Tensor x = n.value(lstm_input::x);
    const torch::Tensor u = stacked(n, lstm_input::recurrent_weights, 4).t();
    const torch::Tensor sums =
        input_sums(x, stacked(n, lstm_input::input_weights, 4), stacked(n, lstm_input::biases, 4));
    torch::Tensor h = at::zeros({x.size(0), u.size(0)}), c = h;
    return over_time(layer, x.size(1), [&](int64_t t) {
        const auto gates = at::addmm(sums.select(1, t), h, u).chunk(4, 1);
        const torch::Tensor i = activated(layer.recurrent_activation, gates[0]);
        const torch::Tensor f = activated(layer.recurrent_activation, gates[1]);
        const torch::Tensor g = activated(layer.activation, gates[2]);
        const torch::Tensor o = activated(layer.recurrent_activation, gates[3]);
        c = f * c + i * g;
        if (layer.cell_clip > 0) c = at::clamp(c, -layer.cell_clip, layer.cell_clip);
        h = o * activated(layer.activation, c);
        return h;
    });
}

torch::Tensor gru(const NodeValues& n)
{
    const auto& layer = std::any_cast<const GruAttributes&>(n.node.attributes);
    const torch::Tensor x = n.value(gru_input::x);
    const torch::Tensor u = stacked(n, gru_input::recurrent_weights, 3).t();
    const torch::Tensor bias = stacked(n, gru_input::recurrent_biases, 3);
    const torch::Tensor sums = input_sums(x, stacked(n, gru_input::input_weights, 3),
                                          stacked(n, gru_input::input_biases, 3));
    const int64_t units = u.size(0);
    torch::Tensor h = at::zeros({x.size(0), units});
    return over_time(layer, x.size(1), [&](int64_t t) {
        const auto from_x = sums.select(1, t).chunk(3, 1);
        const auto product = [&](const torch::Tensor& state, int64_t from, int64_t to) {
            const torch::Tensor y = at::matmul(state, u.slice(1, from * units, to * units));
            return bias.defined() ? y + bias.slice(0, from * units, to * units) : y;
        };
        const auto from_h = product(h, 0, 2).chunk(2, 1);
        const torch::Tensor z = activated(layer.recurrent_activation, from_x[0] + from_h[0]);
        const torch::Tensor r = activated(layer.recurrent_activation, from_x[1] + from_h[1]);
        const torch::Tensor kept = layer.reset_after ? r * product(h, 2, 3) : product(r * h, 2, 3);
        const torch::Tensor g = activated(layer.activation, from_x[2] + kept);
        h = z * h + (1 - z) * g;
        return h;
    });
}

torch::Tensor simple_rnn(const NodeValues& n)
{
    const auto& layer = std::any_cast<const SimpleRnnAttributes&>(n.node.attributes);
    const torch::Tensor x = n.value(simple_rnn_input::x);
    const torch::Tensor u = n.value(simple_rnn_input::recurrent_weights).t();
    const torch::Tensor sums =
        input_sums(x, n.value(simple_rnn_input::input_weights), n.value(simple_rnn_input::bias));
    torch::Tensor h = at::zeros({x.size(0), u.size(0)});
    return over_time(layer, x.size(1), [&](int64_t t) {
        h = activated(layer.activation, at::addmm(sums.select(1, t), h, u));
        return h;
    });
}

}  // namespace

torch::Tensor evaluate_recurrent(const NodeValues& n)
{
    const std::string_view op = n.node.op->name;
    if (op == "lstm") return lstm(n);
    if (op == "gru") return gru(n);
    THIMBLE_CHECK(op == "simple_rnn", std::string(op));
    return simple_rnn(n);
}

}  // namespace thimble
