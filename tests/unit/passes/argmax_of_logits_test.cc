// A softmax or dequantise in front of an ARG_MAX goes where the place of the greatest value stays.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/op.h"
#include "passes/passes.h"
#include "project/graph_builder.h"
#include "verify/engine.h"

#include <gtest/gtest.h>
#include <random>

namespace thimble {
namespace {

// int8 logits -> softmax -> dequantize -> arg_max
Graph classifier(float scale, int64_t count)
{
    GraphBuilder builder("classifier");
    Tensor logits;
    logits.name = "logits";
    logits.type = DType::i8;
    logits.shape = {1, count};
    logits.quant = {{scale}, {5}, 0};
    const TensorId x = builder.input(logits);
    const TensorId shares = builder.node("SOFTMAX", {x}, {{tflite_field::softmax::beta, 1.0f}},
                                         DType::i8, {{1.0f / 256}, {-128}, 0});
    const TensorId real = builder.node("DEQUANTIZE", {shares}, {}, DType::f32);
    const TensorId axis = builder.constant("axis", {1}, std::vector<int32_t>{1});
    const auto int32 = static_cast<int8_t>(TfliteType::int32);
    builder.output(builder.node("ARG_MAX", {real, axis},
                                {{tflite_field::arg_max::output_type, int32}}, DType::i32));
    return builder.finish();
}

Graph simplified(Graph graph)
{
    run_pass(argmax_of_logits, graph);
    run_pass(remove_dead_nodes, graph);
    return graph;
}

// Random rows, and rows whose greatest elements are equal or one step apart.
std::vector<TensorBytes> rows(int64_t count)
{
    std::mt19937 random(7);
    std::vector<TensorBytes> result;
    for (int run = 0; run < 2000; ++run) {
        Bytes row;
        const int spread = run % 3 == 0 ? 256 : run % 3 == 1 ? 2 : 12;
        for (int64_t i = 0; i < count; ++i)
            row.push_back(static_cast<uint8_t>(100 - static_cast<int>(random() % spread)));
        result.push_back({row});
    }
    return result;
}

TEST(ArgmaxOfLogits, keeps_every_decision)
{
    for (const auto& [scale, count] :
         {std::pair{0.2f, 2}, std::pair{0.02f, 4}, std::pair{0.05f, 12}, std::pair{1.5f, 100}}) {
        const Graph before = classifier(scale, count), after = simplified(before);
        ASSERT_EQ(after.nodes.size(), 1u) << scale;
        const auto expected = run_oracle(before, Match::tflm, false, rows(count));
        const auto found = run_oracle(after, Match::tflm, false, rows(count));
        for (size_t run = 0; run < expected.size(); ++run)
            ASSERT_EQ(found[run].outputs, expected[run].outputs) << scale << ", run " << run;
    }
}

TEST(ArgmaxOfLogits, leaves_a_softmax_that_makes_ties)
{
    // Two logits one step apart, 0.001, get equal shares: the first one wins behind the softmax.
    const Graph before = classifier(0.001f, 2), after = simplified(before);
    ASSERT_EQ(after.nodes.size(), 2u);
    EXPECT_EQ(after.nodes[0].op->name, "softmax");
    const TensorBytes close = {Bytes{20, 21}};
    EXPECT_EQ(run_oracle(after, Match::tflm, false, {close})[0].outputs[0], (Bytes{0, 0, 0, 0}));
}

}  // namespace
}  // namespace thimble
