#include "quantize/compare.h"

#include "ops/evaluate.h"
#include "ops/op.h"
#include "quantize/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

namespace thimble {

namespace {

// Any stored tensor as real numbers.
std::vector<double> real_values(const Tensor& tensor, std::span<const uint8_t> bytes)
{
    std::vector<double> values(static_cast<size_t>(tensor.count()));
    const auto read = [&]<typename T>(T) {
        for (size_t i = 0; i < values.size(); ++i) {
            T value;
            std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
            values[i] = static_cast<double>(value);
        }
    };
    switch (tensor.type) {
    case DType::f32:
        read(float{});
        break;
    case DType::i8:
        read(int8_t{});
        break;
    case DType::u8:
    case DType::boolean:
        read(uint8_t{});
        break;
    case DType::i16:
        read(int16_t{});
        break;
    case DType::i32:
        read(int32_t{});
        break;
    case DType::i64:
        read(int64_t{});
        break;
    default:
        break;
    }
    if (tensor.quant.present())
        for (double& value : values)
            value = tensor.quant.scale() * (value - tensor.quant.zero_point());
    return values;
}

// -ln of the probability that `values` give to `label`; scores are made probabilities.
double cross_entropy(const std::vector<double>& values, int label)
{
    constexpr double least = 1e-6;
    double sum = 0, lowest = 0;
    for (const double value : values) {
        sum += value;
        lowest = std::min(lowest, value);
    }
    const auto at = static_cast<size_t>(label);
    if (lowest >= 0 && sum > 0.9 && sum < 1.1) return -std::log(std::max(values[at] / sum, least));
    const double most = *std::ranges::max_element(values);
    double total = 0;
    for (const double value : values) total += std::exp(value - most);
    return std::log(total) - (values[at] - most);
}

size_t greatest(const std::vector<double>& values)
{
    return static_cast<size_t>(std::ranges::max_element(values) - values.begin());
}

// One element is right when it lies on the right side of one half: a network of two classes.
bool is_right(const std::vector<double>& values, int label)
{
    if (values.size() == 1) return (values[0] > 0.5) == (label == 1);
    return greatest(values) == static_cast<size_t>(label);
}

// Where among the judged tensors the loss of the first output is taken: there, or of one value what
// goes into its sigmoid, which is finer than a probability in 256 steps. A single value that no
// sigmoid made has no such loss: labels say what is right of it, but not how wrong.
std::optional<size_t> place_of_loss(const Graph& graph, const std::vector<TensorId>& judged)
{
    if (graph.tensor(graph.outputs.at(0)).count() > 1) return 0;
    for (const Node& node : graph.nodes) {
        if (node.op->name != "logistic" || node.outputs[0] != graph.outputs[0]) continue;
        const auto at = std::ranges::find(judged, node.inputs[0]);
        if (at != judged.end()) return static_cast<size_t>(at - judged.begin());
    }
    return std::nullopt;
}

// Of one value z in front of a sigmoid, -ln of the right label's probability is ln(1 + e^-z) or
// ln(1 + e^z), taken such that no power overflows.
double label_loss(const std::vector<double>& values, int label)
{
    if (values.size() > 1) return cross_entropy(values, label);
    const double wrong = label == 1 ? -values[0] : values[0];
    return std::max(wrong, 0.0) + std::log1p(std::exp(-std::abs(wrong)));
}

// Of one layer, over all elements and runs.
struct Sums {
    double signal = 0, error = 0, absolute = 0, most = 0, elements = 0;
    double least_value = 0, most_value = 0;

    void add(const std::vector<double>& expected, const std::vector<double>& found)
    {
        for (size_t i = 0; i < expected.size(); ++i) {
            const double difference = std::abs(found[i] - expected[i]);
            signal += expected[i] * expected[i];
            error += difference * difference;
            absolute += difference;
            most = std::max(most, difference);
            elements += 1;
            least_value = std::min(least_value, expected[i]);
            most_value = std::max(most_value, expected[i]);
        }
    }
};

// The tensor by which a node is judged, if it computes real numbers.
TensorId output_of(const Graph& graph, size_t node)
{
    const std::vector<TensorId>& outputs = graph.nodes[node].outputs;
    const bool real = !outputs.empty() && graph.tensor(outputs[0]).type == DType::f32;
    return real ? outputs[0] : kNoTensor;
}

bool fits(const std::vector<double>& values, int label)
{
    return label >= 0 && label < static_cast<int>(std::max<size_t>(values.size(), 2));
}

}  // namespace

CalibrationRun inputs_for(const Graph& quantised, const Graph& float_graph,
                          const CalibrationRun& run)
{
    CalibrationRun inputs = run;
    for (size_t i = 0; i < inputs.size(); ++i) {
        const Tensor& tensor = quantised.tensor(quantised.inputs[i]);
        if (tensor.type == float_graph.tensor(float_graph.inputs[i]).type) continue;
        Tensor values = float_graph.tensor(float_graph.inputs[i]);
        values.kind = TensorKind::constant;
        values.data = std::make_shared<const std::vector<uint8_t>>(run[i]);
        inputs[i] = rounded(values, tensor.type, tensor.quant);
    }
    return inputs;
}

Measured measure(const Graph& quantised, const Graph& float_graph,
                 const std::vector<CalibrationRun>& runs,
                 const std::vector<CalibrationRun>& outputs, const std::vector<int>& labels)
{
    Measured result;
    Evaluator evaluator(quantised, Match::tflm);
    const std::vector<TensorId> real = judged_tensors(float_graph);
    const std::optional<size_t> loss_at = place_of_loss(float_graph, real);
    std::vector<TensorId> judged = real;
    std::ranges::copy(quantised.outputs, judged.begin());  // They may stand behind a DEQUANTIZE.
    std::vector<Sums> sums(judged.size());
    double entropy = 0, right = 0, labelled = 0;
    for (size_t r = 0; r < outputs.size(); ++r) {
        evaluator.reset();
        const CalibrationRun inputs = inputs_for(quantised, float_graph, runs[r]);
        for (size_t i = 0; i < inputs.size(); ++i) evaluator.set_input(i, inputs[i]);
        evaluator.run();
        for (size_t o = 0; o < judged.size(); ++o) {
            const auto expected = real_values(float_graph.tensor(real[o]), outputs[r][o]);
            const auto found = real_values(quantised.tensor(judged[o]), evaluator.value(judged[o]));
            sums[o].add(expected, found);
            if (r >= labels.size() || !fits(found, labels[r])) continue;
            if (o == loss_at) entropy += label_loss(found, labels[r]);
            if (o > 0) continue;
            right += is_right(found, labels[r]);
            labelled += 1;
        }
    }
    Sums all;
    for (size_t o = 0; o < sums.size(); ++o) {
        result.loss += sums[o].error / std::max(sums[o].signal, 1e-30);
        if (o >= quantised.outputs.size()) continue;
        all.absolute += sums[o].absolute;
        all.elements += sums[o].elements;
        all.most = std::max(all.most, sums[o].most);
    }
    result.mean_error = all.absolute / std::max(all.elements, 1.0);
    result.max_error = all.most;
    if (labelled > 0) result.accuracy = right / labelled;
    if (labelled > 0 && loss_at) result.loss = entropy / labelled;
    return result;
}

double accuracy_of(const std::vector<CalibrationRun>& outputs, const std::vector<int>& labels)
{
    double right = 0, labelled = 0;
    for (size_t r = 0; r < std::min(outputs.size(), labels.size()); ++r) {
        Tensor scores;
        scores.shape = {static_cast<int64_t>(outputs[r][0].size() / sizeof(float))};
        const auto values = real_values(scores, outputs[r][0]);
        if (!fits(values, labels[r])) continue;
        right += is_right(values, labels[r]);
        labelled += 1;
    }
    return labelled > 0 ? right / labelled : -1;
}

std::vector<LayerError> layer_errors(const Quantized& quantized,
                                     const std::vector<CalibrationRun>& runs, size_t count)
{
    const Graph& real = quantized.network.graph;
    const Graph& stored = quantized.graph();
    const auto layers = layers_of(quantized.network);
    std::vector<Sums> sums(layers.size());
    Evaluator a(real, Match::tflm), b(stored, Match::tflm);
    for (size_t r = 0; r < std::min(count, runs.size()); ++r) {
        a.reset();
        b.reset();
        const CalibrationRun inputs = inputs_for(stored, real, runs[r]);
        for (size_t i = 0; i < inputs.size(); ++i) {
            a.set_input(i, runs[r][i]);
            b.set_input(i, inputs[i]);
        }
        a.run();
        b.run();
        for (size_t i = 0; i < layers.size(); ++i)
            for (const size_t n : layers[i]) {
                const TensorId id = output_of(real, n);
                if (id == kNoTensor) continue;
                sums[i].add(real_values(real.tensor(id), a.value(id)),
                            real_values(stored.tensor(id), b.value(id)));
            }
    }
    std::vector<LayerError> errors;
    for (size_t i = 0; i < layers.size(); ++i) {
        const Sums& s = sums[i];
        if (s.elements == 0) continue;
        const Node& node = real.nodes[layers[i][0]];
        const double ratio = std::max(s.signal, 1e-30) / s.error;
        errors.push_back({.name = layer_name(quantized.network, layers[i]),
                          .op = std::string(node.op->name),
                          .type = std::string(dtype_name(stored.tensor(node.outputs[0]).type)),
                          .sqnr_db = s.error > 0 ? 10 * std::log10(ratio)
                                                 : std::numeric_limits<double>::infinity(),
                          .mean_error = s.absolute / s.elements,
                          .max_error = s.most,
                          .least = s.least_value,
                          .most = s.most_value});
    }
    return errors;
}

}  // namespace thimble
