// Quantised networks stay near float, each scheme as near as its bits allow, and survive a file.
#include "quantize/quantize.h"

#include "base/error.h"
#include "export/tflite.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "ops/evaluate.h"
#include "ops/new_node.h"
#include "quantize/compare.h"
#include "unit/recurrent_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

namespace thimble {

namespace {

using recurrent_graph::add_floats;

TensorId add_input(Graph& graph, Shape shape)
{
    Tensor x;
    x.name = "x";
    x.shape = std::move(shape);
    graph.inputs.push_back(graph.add_tensor(x));
    return graph.inputs.back();
}

TensorId add(Graph& graph, std::string_view op, std::vector<TensorId> inputs, std::string name)
{
    graph.nodes.push_back(new_node(graph, op, std::move(inputs), std::move(name)));
    return graph.nodes.back().outputs[0];
}

// Two dense layers with a rectifier between, one of them with channels of very different size.
Graph dense_network()
{
    Graph graph;
    const TensorId x = add_input(graph, {1, 6});
    const TensorId w1 = add_floats(graph, "w1", {8, 6}, 1), b1 = add_floats(graph, "b1", {8}, 2);
    const TensorId w2 = add_floats(graph, "w2", {5, 8}, 3), b2 = add_floats(graph, "b2", {5}, 4);
    std::vector<float> values = float_values(graph.tensor(w1));
    for (size_t i = 0; i < 6; ++i) values[i] *= 30;
    set_floats(graph, w1, values);
    const TensorId h = add(graph, "FULLY_CONNECTED", {x, w1, b1}, "hidden");
    const TensorId r = add(graph, "RELU", {h}, "rectified");
    const TensorId y = add(graph, "FULLY_CONNECTED", {r, w2, b2}, "scores");
    graph.outputs = {y};
    return graph;
}

std::vector<CalibrationRun> runs_for(const Graph& graph, int count)
{
    std::vector<CalibrationRun> runs;
    uint32_t seed = 7;
    for (int r = 0; r < count; ++r) {
        CalibrationRun& run = runs.emplace_back();
        for (const TensorId id : graph.inputs) {
            std::vector<float> values(static_cast<size_t>(graph.tensor(id).count()));
            for (float& value : values) {
                seed = seed * 1664525u + 1013904223u;
                value = 2 * static_cast<float>(seed >> 8) / static_cast<float>(1 << 24) - 1;
            }
            const auto* first = reinterpret_cast<const uint8_t*>(values.data());
            run.emplace_back(first, first + values.size() * sizeof(float));
        }
    }
    return runs;
}

double last_sqnr(const Quantized& result)
{
    return result.layers.back().sqnr_db;
}

Quantized quantized(const Graph& graph, Scheme scheme)
{
    QuantizeOptions options;
    options.scheme = scheme;
    return quantize(graph, runs_for(graph, 40), options);
}

std::vector<uint8_t> first_output(const Graph& graph, const CalibrationRun& inputs)
{
    Evaluator evaluator(graph, Match::tflm);
    evaluator.reset();
    for (size_t i = 0; i < inputs.size(); ++i) evaluator.set_input(i, inputs[i]);
    evaluator.run();
    return {evaluator.output(0).begin(), evaluator.output(0).end()};
}

// The file computes the bits of the graph.
void expect_same_in_file(const Quantized& result, const Graph& graph)
{
    const std::vector<uint8_t> bytes = export_tflite(result.graph());
    const Graph read = import_tflite(read_tflite(bytes, "quantised"));
    for (const Node& node : read.nodes) ASSERT_NE(node.op, nullptr) << node.unsupported;
    for (const CalibrationRun& run : runs_for(graph, 3)) {
        const CalibrationRun inputs = inputs_for(result.graph(), result.network.graph, run);
        EXPECT_EQ(first_output(result.graph(), inputs), first_output(read, inputs));
    }
}

}  // namespace

TEST(Quantize, EverySchemeIsAsPreciseAsItsBits)
{
    const Graph graph = dense_network();
    const auto sqnr = [&](Scheme scheme) {
        const Quantized result = quantized(graph, scheme);
        expect_same_in_file(result, graph);
        return last_sqnr(result);
    };
    const double int4 = sqnr(Scheme::int4), int8 = sqnr(Scheme::int8);
    const double mixed = sqnr(Scheme::mixed), int16 = sqnr(Scheme::int16x8);
    EXPECT_GT(int4, 10);
    EXPECT_GT(int8, 30);
    EXPECT_GT(int8, int4 + 8);
    EXPECT_GE(mixed, int8);
    EXPECT_GT(int16, int8 + 3);
    EXPECT_GT(sqnr(Scheme::float16), 55);
}

TEST(Quantize, RecurrentLayersInEveryForm)
{
    for (const char* op : {"lstm", "gru", "simple_rnn"})
        for (const bool own_states : {true, false})
            for (const Scheme scheme : {Scheme::int8, Scheme::int16x8}) {
                recurrent_graph::Form form{.op = op, .own_states = own_states};
                form.base.reverse = own_states;
                const Graph graph = recurrent_graph::layer(form);
                const Quantized result = quantized(graph, scheme);
                EXPECT_TRUE(result.notes.empty()) << op << ": " << result.notes.at(0);
                EXPECT_LT(result.output_error_max, scheme == Scheme::int8 ? 0.08 : 0.004)
                    << op << " " << own_states;
                expect_same_in_file(result, graph);
            }
}

TEST(Quantize, FunctionsWithFixedRangesKeepThemBesideOthers)
{
    Graph graph;
    const TensorId x = add_input(graph, {1, 4});
    const TensorId squashed = add(graph, "TANH", {x}, "squashed");
    const TensorId doubled = add(graph, "ADD", {x, x}, "doubled");
    graph.outputs = {add(graph, "CONCATENATION", {squashed, doubled}, "joined")};
    const Quantized result = quantized(graph, Scheme::int8);
    EXPECT_EQ(result.graph().tensor(squashed).quant.scale(), 1.0f / 128);
    EXPECT_GT(result.graph().tensor(graph.outputs[0]).quant.scale(), 1.0f / 128);
    EXPECT_EQ(std::ranges::count_if(result.graph().nodes,
                                    [](const Node& node) { return node.source_op == "QUANTIZE"; }),
              1);
    EXPECT_GT(last_sqnr(result), 35);
}

TEST(Quantize, WeightsAreRoundedAnewAtTheSameScales)
{
    const Graph graph = dense_network();
    const auto rounded_anew = [](Quantized& result) {
        const Assembled before = result.assembled;
        requantize_weights(result.assembled, result.network);
        for (size_t id = 0; id < before.graph.tensors.size(); ++id)
            if (before.graph.tensors[id].is_constant()) {
                EXPECT_EQ(*before.graph.tensors[id].data, *result.graph().tensors[id].data);
            }
    };
    Quantized coarse = quantized(graph, Scheme::int4);
    EXPECT_TRUE(coarse.rounded_together);
    rounded_anew(coarse);
    Quantized result = quantized(graph, Scheme::int8);
    const Assembled before = result.assembled;
    rounded_anew(result);
    const TensorId weights = result.network.graph.nodes[0].inputs[1];
    std::vector<float> values = float_values(result.network.graph.tensor(weights));
    for (float& value : values) value *= 0.5f;
    set_floats(result.network.graph, weights, values);
    requantize_weights(result.assembled, result.network);
    EXPECT_EQ(before.graph.tensor(weights).quant.scales,
              result.graph().tensor(weights).quant.scales);
    EXPECT_NE(*before.graph.tensor(weights).data, *result.graph().tensor(weights).data);
}

TEST(Quantize, ADropAboveTheBoundNamesTheLayerThatCostsMost)
{
    const Graph graph = dense_network();
    const auto runs = runs_for(graph, 200);
    QuantizeOptions options;
    options.scheme = Scheme::int4;
    for (const CalibrationRun& run : runs) {
        const std::vector<uint8_t> bytes = first_output(graph, run);
        const auto* scores = reinterpret_cast<const float*>(bytes.data());
        options.labels.push_back(static_cast<int>(std::max_element(scores, scores + 5) - scores));
    }
    EXPECT_TRUE(quantize(graph, runs, options).worst_layer.empty());
    options.drop_max = 0;
    const Quantized result = quantize(graph, runs, options);
    EXPECT_EQ(result.float_accuracy, 1);
    ASSERT_LT(result.accuracy, 1);
    EXPECT_TRUE(result.worst_layer == "hidden" || result.worst_layer == "scores")
        << result.worst_layer;
}

// Two labels told apart by one value; `squeeze`: through a sigmoid.
Graph graph_of_one_value(bool squeeze)
{
    Graph graph = dense_network();
    const TensorId w = add_floats(graph, "w3", {1, 5}, 5), b = add_floats(graph, "b3", {1}, 6);
    const TensorId y = add(graph, "FULLY_CONNECTED", {graph.outputs[0], w, b}, "value");
    graph.outputs = {squeeze ? add(graph, "LOGISTIC", {y}, "probability") : y};
    return graph;
}

// What lies above one half, and for every tenth run the wrong label.
std::vector<int> labels_of(const Graph& graph, const std::vector<CalibrationRun>& runs)
{
    std::vector<int> labels;
    for (const CalibrationRun& run : runs) {
        float value = 0;
        std::memcpy(&value, first_output(graph, run).data(), sizeof(value));
        labels.push_back((value > 0.5f) != (labels.size() % 10 == 9));
    }
    return labels;
}

TEST(Quantize, OneProbabilityIsJudgedByItsLabels)
{
    const Graph graph = graph_of_one_value(true);
    const auto runs = runs_for(graph, 120);
    QuantizeOptions options;
    options.labels = labels_of(graph, runs);
    const Quantized result = quantize(graph, runs, options);
    // -ln of the right label's probability, by the integers that go into the sigmoid.
    const TensorId logit = result.network.graph.nodes.back().inputs[0];
    const Tensor& stored = result.graph().tensor(logit);
    ASSERT_EQ(stored.type, DType::i8);
    Evaluator oracle(result.graph(), Match::tflm);
    double loss = 0, right = 0;
    for (size_t r = 0; r < runs.size(); ++r) {
        oracle.reset();
        oracle.set_input(0, inputs_for(result.graph(), result.network.graph, runs[r])[0]);
        oracle.run();
        const int8_t q = static_cast<int8_t>(oracle.value(logit)[0]);
        const double z = stored.quant.scale() * (q - stored.quant.zero_point());
        const double p = 1 / (1 + std::exp(-z));
        loss -= std::log(options.labels[r] == 1 ? p : 1 - p) / 120;
        right += (static_cast<int8_t>(oracle.output(0)[0]) > 0) == (options.labels[r] == 1);
    }
    EXPECT_NEAR(result.loss, loss, 1e-9);
    EXPECT_NEAR(result.accuracy, right / 120, 1e-9);
    EXPECT_NEAR(result.float_accuracy, 0.9, 1e-9);
    for (const RangeMethod method :
         {RangeMethod::min_max, RangeMethod::percentile, RangeMethod::mse}) {
        options.method = method;
        EXPECT_LE(result.loss, quantize(graph, runs, options).loss);
    }
}

// A network that is sure of itself: e to the power of what goes into its sigmoid is no double.
TEST(Quantize, TheLossOfOneProbabilityIsANumber)
{
    Graph graph = graph_of_one_value(true);
    const TensorId weights = graph.nodes[graph.nodes.size() - 2].inputs[1];
    std::vector<float> values = float_values(graph.tensor(weights));
    for (float& value : values) value *= 1e5f;
    set_floats(graph, weights, values);
    const auto runs = runs_for(graph, 40);
    QuantizeOptions options;
    options.labels = labels_of(graph, runs);
    const double loss = quantize(graph, runs, options).loss;
    EXPECT_TRUE(std::isfinite(loss));
    EXPECT_GT(loss, 1000) << "a tenth of the labels are wrong";
}

TEST(Quantize, OneValueThatIsNoProbabilityIsJudgedByFloat)
{
    const Graph graph = graph_of_one_value(false);
    const auto runs = runs_for(graph, 40);
    QuantizeOptions options;
    const double loss = quantize(graph, runs, options).loss;
    options.labels = labels_of(graph, runs);
    const Quantized result = quantize(graph, runs, options);
    EXPECT_EQ(result.loss, loss);
    EXPECT_NEAR(result.float_accuracy, 0.9, 1e-9);
    EXPECT_GT(result.accuracy, 0.8);
}

TEST(Quantize, MasksStayInFloatAndDoNotSpoilOthers)
{
    Graph graph;
    const TensorId x = add_input(graph, {1, 4});
    const TensorId mask = add_floats(graph, "mask", {1, 4}, 1);
    set_floats(graph, mask, {0, 0, -3.4e38f, 0});
    const TensorId masked = add(graph, "ADD", {x, mask}, "masked");
    const TensorId squashed = add(graph, "LOGISTIC", {masked}, "squashed");
    graph.outputs = {add(graph, "ADD", {squashed, squashed}, "twice")};
    for (const Scheme scheme : {Scheme::int8, Scheme::mixed}) {
        const Quantized result = quantized(graph, scheme);
        EXPECT_LT(result.output_error_max, 0.03);
        ASSERT_EQ(result.notes.size(), 2u);
        EXPECT_NE(result.notes[0].find("masks"), std::string::npos) << result.notes[0];
    }
}

TEST(Quantize, RefusesWhatIsQuantisedAlready)
{
    const Graph graph = dense_network();
    const Quantized result = quantized(graph, Scheme::int8);
    EXPECT_THROW(quantized(result.graph(), Scheme::int8), Error);
    EXPECT_THROW(quantize(graph, {}, {}), Error);
}

}  // namespace thimble
