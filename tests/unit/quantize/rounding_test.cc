// Weights that are rounded together keep the outputs of their layer better than each by itself.
#include "quantize/rounding.h"

#include "ops/evaluate.h"
#include "ops/new_node.h"
#include "ops/op.h"
#include "ops/window.h"
#include "quantize/compare.h"
#include "unit/recurrent_graph.h"

#include <cmath>
#include <gtest/gtest.h>

namespace thimble {

namespace {

using recurrent_graph::add_floats;

constexpr float kScale = 0.1f;  // of the weights, which lie in [-0.5, 0.5): rounded to 11 numbers

// One layer: `shape` of what it reads, the weights', and how many channels it gives.
Graph one_layer(const char* op, Shape shape, Shape weights, int64_t channels)
{
    Graph graph;
    Tensor x;
    x.name = "x";
    x.shape = std::move(shape);
    graph.inputs = {graph.add_tensor(x)};
    const TensorId w = add_floats(graph, "w", std::move(weights), 3);
    const TensorId b = add_floats(graph, "b", {channels}, 5);
    Node node;
    node.op = find_tflite_op(op).op;
    node.source_op = op;
    node.name = "layer";
    node.inputs = {graph.inputs[0], w, b};
    Tensor out;
    out.name = "y";
    node.outputs = {graph.add_tensor(out)};
    WindowAttributes window{.same = true, .stride_h = 2, .stride_w = 1};
    if (node.op->name == "conv2d")
        node.attributes = Conv2dAttributes{.window = window};
    else if (node.op->name == "depthwise_conv2d")
        node.attributes = window;
    else
        node = new_node(graph, op, node.inputs, node.name);
    node.op->infer(graph, node);
    graph.outputs = node.outputs;
    graph.nodes = {node};
    return graph;
}

// Signals whose elements resemble each other, as neighbours of an image do.
std::vector<CalibrationRun> smooth_runs(const Graph& graph, int count)
{
    std::vector<CalibrationRun> runs;
    uint32_t seed = 11;
    const auto next = [&] {
        seed = seed * 1664525u + 1013904223u;
        return static_cast<float>(seed >> 8) / static_cast<float>(1 << 24);
    };
    for (int r = 0; r < count; ++r) {
        std::vector<float> values(static_cast<size_t>(graph.tensor(graph.inputs[0]).count()));
        const float base = next();
        for (float& value : values) value = base + 0.2f * next();
        const auto* first = reinterpret_cast<const uint8_t*>(values.data());
        runs.push_back({{first, first + values.size() * sizeof(float)}});
    }
    return runs;
}

// The int4 form in the middle of a float network: weights alone are rounded.
Assembled with_int4_weights(const Graph& graph)
{
    Assembled made{graph, std::vector<TensorId>(graph.tensors.size(), kNoTensor)};
    const TensorId id = graph.nodes[0].inputs[1];
    Tensor& weights = made.graph.tensor(id);
    const auto values = graph.tensor(id).values<float>();
    std::vector<uint8_t> bytes;
    for (const float value : values)
        bytes.push_back(static_cast<uint8_t>(static_cast<int8_t>(std::round(value / kScale))));
    weights.type = DType::i4;
    weights.quant = {.scales = {kScale}, .zero_points = {0}};
    made.graph.set_constant(id, std::move(bytes));
    made.float_of[static_cast<size_t>(id)] = id;
    return made;
}

// Of the layer's outputs, with the weights of `made` in the place of the float ones.
double output_error(const Graph& graph, const Assembled& made,
                    const std::vector<CalibrationRun>& runs)
{
    const TensorId id = graph.nodes[0].inputs[1];
    Graph rounded = graph;
    std::vector<float> values;
    for (const uint8_t byte : *made.graph.tensor(id).data)
        values.push_back(kScale * static_cast<float>(static_cast<int8_t>(byte)));
    set_floats(rounded, id, values);
    Evaluator a(graph, Match::tflm), b(rounded, Match::tflm);
    double error = 0;
    for (const CalibrationRun& run : runs) {
        for (Evaluator* one : {&a, &b}) {
            one->reset();
            one->set_input(0, run[0]);
            one->run();
        }
        const auto *x = reinterpret_cast<const float*>(a.output(0).data()),
                   *y = reinterpret_cast<const float*>(b.output(0).data());
        for (size_t i = 0; i < a.output(0).size() / sizeof(float); ++i)
            error += double{x[i] - y[i]} * double{x[i] - y[i]};
    }
    return error;
}

}  // namespace

TEST(Rounding, keeps_outputs_of_every_kind_of_layer)
{
    const Graph layers[] = {
        one_layer("FULLY_CONNECTED", {2, 24}, {10, 24}, 10),
        one_layer("CONV_2D", {1, 7, 6, 3}, {8, 3, 2, 3}, 8),
        one_layer("DEPTHWISE_CONV_2D", {1, 8, 8, 3}, {1, 3, 3, 6}, 6),
    };
    for (const Graph& graph : layers) {
        const FloatNetwork network{graph, {}};
        const auto runs = smooth_runs(graph, 40), others = smooth_runs(graph, 60);
        const Rounding rounding = rounding_of(network, runs, {});
        ASSERT_EQ(rounding.size(), 1u) << graph.nodes[0].source_op;
        Assembled made = with_int4_weights(graph);
        const double before = output_error(graph, made, others);
        round_by_outputs(made, network, rounding);
        EXPECT_LT(output_error(graph, made, others), 0.35 * before) << graph.nodes[0].source_op;
        for (const uint8_t byte : *made.graph.tensor(graph.nodes[0].inputs[1]).data)
            EXPECT_LE(std::abs(static_cast<int8_t>(byte)), 7);
    }
}

TEST(Rounding, leaves_weights_alone_that_read_nothing)
{
    const Graph graph = one_layer("FULLY_CONNECTED", {1, 12}, {4, 12}, 4);
    const FloatNetwork network{graph, {}};
    const std::vector<CalibrationRun> silent(
        12, CalibrationRun{std::vector<uint8_t>(12 * sizeof(float), 0)});
    Assembled made = with_int4_weights(graph);
    const std::vector<uint8_t> before = *made.graph.tensor(graph.nodes[0].inputs[1]).data;
    round_by_outputs(made, network, rounding_of(network, silent, {}));
    EXPECT_EQ(*made.graph.tensor(graph.nodes[0].inputs[1]).data, before);
}

}  // namespace thimble
