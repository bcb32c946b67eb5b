#include "quantize/rounding.h"

#include "ops/evaluate.h"
#include "ops/op.h"
#include "ops/window.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace thimble {

namespace {

using Role = QuantizationRule::Role;

constexpr int64_t kRowMost = 1024;  // elements; a factorisation takes k^3 / 3 steps
constexpr int64_t kRowsOfRun = 64;  // places of a convolution that are looked at in a run
constexpr size_t kRunsMost = 128;
constexpr double kDamping = 0.01;  // of the mean of H's diagonal: few runs do not span all
constexpr int kInt4Most = 7;

// A layer that reads `weights`, and how its rows lie in what it reads.
struct Reader {
    TensorId in = kNoTensor;
    std::optional<WindowGeometry> window;  // none: a dense layer
    bool depthwise = false;
};

// Of one tensor of weights: element (channel o, element i of the row) stands at
// o * row_stride + i * step.
struct Matrix {
    int64_t channels = 0, row = 0;
    bool depthwise = false;
    size_t at(int64_t channel, int64_t element) const
    {
        return static_cast<size_t>(depthwise ? element * channels + channel
                                             : channel * row + element);
    }
};

Matrix matrix_of(const Tensor& weights, bool depthwise)
{
    Matrix matrix{.depthwise = depthwise};
    matrix.channels = depthwise ? weights.shape.back() : weights.shape[0];
    matrix.row = weights.count() / std::max<int64_t>(matrix.channels, 1);
    return matrix;
}

struct Layer {
    Matrix matrix;
    std::vector<Reader> readers;
    std::vector<std::vector<double>> products;  // H: of the matrix, or of each channel
};

// The place of the constant weights of a layer that can be rounded so.
std::optional<size_t> weights_place(const Graph& graph, const Node& node)
{
    const std::string_view op = node.op->name;
    if (op != "dense" && op != "conv2d" && op != "depthwise_conv2d") return std::nullopt;
    const QuantizationRule rule = rule_of(graph, node);
    for (size_t i = 0; i < node.inputs.size(); ++i)
        if (rule.inputs[i].role == Role::weights && graph.input(node, i).is_constant()) return i;
    return std::nullopt;
}

std::map<TensorId, Layer> layers_to_round(const Graph& graph)
{
    std::map<TensorId, Layer> layers;
    for (const Node& node : graph.nodes) {
        const std::optional<size_t> place = weights_place(graph, node);
        if (!place) continue;
        const Tensor& weights = graph.input(node, *place);
        Reader reader{.in = node.inputs[rule_of(graph, node).inputs[*place].of],
                      .window = window_of(graph, node),
                      .depthwise = node.op->name == "depthwise_conv2d"};
        const Matrix matrix = matrix_of(weights, reader.depthwise);
        const bool grouped =
            reader.window && !reader.depthwise && weights.shape.back() != reader.window->in_c;
        if (grouped || matrix.row < 1 || matrix.row > kRowMost) continue;
        Layer& layer = layers[node.inputs[*place]];
        if (layer.readers.empty()) {
            const auto square = static_cast<size_t>(matrix.row * matrix.row);
            layer.matrix = matrix;
            layer.products.assign(static_cast<size_t>(reader.depthwise ? matrix.channels : 1),
                                  std::vector<double>(square, 0));
        }
        layer.readers.push_back(reader);
    }
    return layers;
}

void add_product(std::vector<double>& products, const std::vector<float>& row)
{
    const size_t k = row.size();
    for (size_t i = 0; i < k; ++i) {
        if (row[i] == 0) continue;
        for (size_t j = 0; j < k; ++j) products[i * k + j] += double{row[i]} * row[j];
    }
}

// What lies under the filter at one place of the output; of `channel` alone, -1: of all.
std::vector<float> patch(std::span<const float> in, const WindowGeometry& g, int64_t pixel,
                         int64_t channel)
{
    std::vector<float> row;
    const int64_t batch = pixel / (g.out_h * g.out_w);
    const int64_t oy = pixel / g.out_w % g.out_h, ox = pixel % g.out_w;
    const int64_t first = std::max<int64_t>(channel, 0);
    const int64_t last = channel < 0 ? g.in_c : channel + 1;
    for (int64_t ky = 0; ky < g.filter_h; ++ky)
        for (int64_t kx = 0; kx < g.filter_w; ++kx) {
            const int64_t y = oy * g.stride_h + ky * g.dilation_h - g.pad_top;
            const int64_t x = ox * g.stride_w + kx * g.dilation_w - g.pad_left;
            const bool inside = y >= 0 && y < g.in_h && x >= 0 && x < g.in_w;
            for (int64_t c = first; c < last; ++c) {
                const int64_t at = ((batch * g.in_h + y) * g.in_w + x) * g.in_c + c;
                row.push_back(inside ? in[static_cast<size_t>(at)] : 0.0f);
            }
        }
    return row;
}

void look_at(Layer& layer, const Reader& reader, std::span<const float> in)
{
    const Matrix& matrix = layer.matrix;
    const int64_t rows =
        reader.window ? reader.window->pixels() : static_cast<int64_t>(in.size()) / matrix.row;
    const int64_t looked = std::min(rows, kRowsOfRun);
    for (int64_t i = 0; i < looked; ++i) {
        const int64_t at = i * rows / looked;
        if (!reader.window) {
            const auto part =
                in.subspan(static_cast<size_t>(at * matrix.row), static_cast<size_t>(matrix.row));
            add_product(layer.products[0], {part.begin(), part.end()});
        } else if (!reader.depthwise) {
            add_product(layer.products[0], patch(in, *reader.window, at, -1));
        } else {
            const int64_t multiplier = matrix.channels / std::max<int64_t>(reader.window->in_c, 1);
            for (int64_t c = 0; c < matrix.channels; ++c)
                add_product(layer.products[static_cast<size_t>(c)],
                            patch(in, *reader.window, at, c / std::max<int64_t>(multiplier, 1)));
        }
    }
}

// R upper triangular with H = R R^T, in the place of `h`.
void factorise(std::vector<double>& h, size_t k)
{
    for (size_t j = k; j-- > 0;) {
        double square = h[j * k + j];
        for (size_t m = j + 1; m < k; ++m) square -= h[j * k + m] * h[j * k + m];
        const double diagonal = std::sqrt(std::max(square, 1e-30));
        h[j * k + j] = diagonal;
        for (size_t i = 0; i < j; ++i) {
            double sum = h[i * k + j];
            for (size_t m = j + 1; m < k; ++m) sum -= h[i * k + m] * h[j * k + m];
            h[i * k + j] = sum / diagonal;
        }
        for (size_t i = j + 1; i < k; ++i) h[i * k + j] = 0;
    }
}

// The inverse of an upper triangular matrix.
std::vector<double> inverse(const std::vector<double>& r, size_t k)
{
    std::vector<double> u(k * k, 0);
    for (size_t i = k; i-- > 0;) {
        // Row i of U: U_ii R_ii = 1, and R_ii U_ij = -sum over m in (i, j] of R_im U_mj.
        u[i * k + i] = 1 / r[i * k + i];
        for (size_t m = i + 1; m < k; ++m) {
            const double factor = r[i * k + m] / r[i * k + i];
            if (factor == 0) continue;
            for (size_t j = m; j < k; ++j) u[i * k + j] -= factor * u[m * k + j];
        }
    }
    return u;
}

RoundingOrder order_of(const std::vector<double>& products, size_t k)
{
    RoundingOrder result;
    result.order.resize(k);
    std::iota(result.order.begin(), result.order.end(), size_t{0});
    std::ranges::stable_sort(result.order, [&](size_t a, size_t b) {
        return products[a * k + a] > products[b * k + b];
    });
    double mean = 0;
    for (size_t i = 0; i < k; ++i) mean += products[i * k + i] / static_cast<double>(k);
    std::vector<double> h(k * k);
    for (size_t i = 0; i < k; ++i)
        for (size_t j = 0; j < k; ++j)
            h[i * k + j] = products[result.order[i] * k + result.order[j]] +
                           (i == j ? kDamping * mean + 1e-12 : 0);
    factorise(h, k);
    result.upper = inverse(h, k);
    return result;
}

// One row, `values` as the float network has them; they are moved on the way.
void round_row(std::vector<double>& values, const RoundingOrder& how, double scale,
               std::vector<int8_t>& rounded)
{
    const size_t k = how.order.size();
    for (size_t i = 0; i < k; ++i) {
        const double q =
            std::clamp(std::round(values[i] / scale), -double{kInt4Most}, double{kInt4Most});
        rounded[i] = static_cast<int8_t>(q);
        const double error = (values[i] - q * scale) / how.upper[i * k + i];
        for (size_t j = i + 1; j < k; ++j) values[j] -= error * how.upper[i * k + j];
    }
}

}  // namespace

Rounding rounding_of(const FloatNetwork& network, const std::vector<CalibrationRun>& runs,
                     const std::function<void(size_t)>& progress)
{
    const Graph& graph = network.graph;
    std::map<TensorId, Layer> layers = layers_to_round(graph);
    Evaluator evaluator(graph, Match::tflm);
    const size_t looked = std::min(runs.size(), kRunsMost);
    for (size_t r = 0; r < looked; ++r) {
        const CalibrationRun& run = runs[r * runs.size() / looked];
        evaluator.reset();
        for (size_t i = 0; i < run.size(); ++i) evaluator.set_input(i, run[i]);
        evaluator.run();
        for (auto& [weights, layer] : layers)
            for (const Reader& reader : layer.readers) {
                const std::span<const uint8_t> bytes = evaluator.value(reader.in);
                look_at(
                    layer, reader,
                    {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)});
            }
        if (progress) progress(r + 1);
    }
    Rounding rounding;
    for (const auto& [weights, layer] : layers)
        for (const std::vector<double>& products : layer.products)
            rounding[weights].push_back(order_of(products, static_cast<size_t>(layer.matrix.row)));
    return rounding;
}

void round_by_outputs(Assembled& assembled, const FloatNetwork& network, const Rounding& rounding)
{
    for (size_t id = 0; id < assembled.float_of.size(); ++id) {
        const Tensor& stored = assembled.graph.tensors[id];
        const auto known = rounding.find(assembled.float_of[id]);
        if (known == rounding.end() || stored.type != DType::i4) continue;
        const std::vector<RoundingOrder>& orders = known->second;
        const Tensor& weights = network.graph.tensor(known->first);
        const auto values = weights.values<float>();
        const Matrix matrix = matrix_of(weights, orders.size() > 1);
        std::vector<uint8_t> bytes = *stored.data;
        std::vector<double> row(static_cast<size_t>(matrix.row));
        std::vector<int8_t> rounded(row.size());
        for (int64_t o = 0; o < matrix.channels; ++o) {
            const RoundingOrder& how = orders[orders.size() > 1 ? static_cast<size_t>(o) : 0];
            const auto place = [&](size_t i) {
                return matrix.at(o, static_cast<int64_t>(how.order[i]));
            };
            for (size_t i = 0; i < row.size(); ++i) row[i] = double{values[place(i)]};
            round_row(row, how, double{stored.quant.scale_at(o)}, rounded);
            for (size_t i = 0; i < row.size(); ++i)
                bytes[place(i)] = static_cast<uint8_t>(rounded[i]);
        }
        assembled.graph.set_constant(static_cast<TensorId>(id), std::move(bytes));
    }
}

void follow_rounding(FloatNetwork& network, const Assembled& assembled)
{
    constexpr double inside = 0.49;  // of a step, from its middle
    for (size_t id = 0; id < assembled.float_of.size(); ++id) {
        const Tensor& stored = assembled.graph.tensors[id];
        const TensorId from = assembled.float_of[id];
        if (from == kNoTensor || stored.type != DType::i4) continue;
        const Tensor& weights = network.graph.tensor(from);
        std::vector<float> values = float_values(weights);
        const int64_t axis = stored.quant.axis;
        int64_t inner = 1;
        for (size_t d = static_cast<size_t>(axis) + 1; d < weights.shape.size(); ++d)
            inner *= weights.shape[d];
        for (size_t i = 0; i < values.size(); ++i) {
            const int64_t channel =
                static_cast<int64_t>(i) / inner % weights.shape[static_cast<size_t>(axis)];
            const double scale = stored.quant.scale_at(channel);
            const int q = static_cast<int8_t>((*stored.data)[i]);
            // What was cut off at the ends lies outside.
            const double least = q == -kInt4Most ? -HUGE_VAL : (q - inside) * scale;
            const double most = q == kInt4Most ? HUGE_VAL : (q + inside) * scale;
            values[i] = static_cast<float>(std::clamp(double{values[i]}, least, most));
        }
        set_floats(network.graph, from, values);
    }
}

}  // namespace thimble
