// normalize and quantize become integer arithmetic that is right for every int16 there is.
#include "base/error.h"
#include "compile.h"
#include "ops/normalize.h"
#include "passes/passes.h"
#include "project/graph_builder.h"
#include "verify/engine.h"

#include <cmath>
#include <gtest/gtest.h>

namespace thimble {
namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

struct Setting {
    double divide, lowest, highest, add, scale;
    DType type;
    float out_scale;
    int64_t zero;
    const char* kernel;  // what the integers are computed by; null: floats stay
};

Graph graph_of(const Setting& s, int64_t count)
{
    GraphBuilder builder("chain");
    Tensor x;
    x.name = "x";
    x.type = DType::i16;
    x.shape = {count};
    const NormalizeAttributes attributes = {{s.divide}, s.lowest, s.highest, {s.add}, {s.scale}};
    const TensorId y = builder.own_node("normalize", {builder.input(x)}, attributes, 1, "y")[0];
    builder.output(builder.node("QUANTIZE", {y}, {}, s.type, {{s.out_scale}, {s.zero}}), "q");
    return builder.finish();
}

TEST(QuantizeNormalized, gives_the_same_bytes_for_every_sample)
{
    const Setting settings[] = {
        {32, -127, 127, 127, 256, DType::i8, 1 / 256.0f, -128, "thb_normalize_offset"},
        {1, -50, 60, 0, 100, DType::i8, 0.0123f, 7, "thb_normalize_table"},
        {32, -127, 127, 0, 2, DType::i8, 1.0f, 0, "thb_normalize_table"},
        {1, -kNone, kNone, 0, 32768, DType::i8, 1 / 128.0f, 0, "thb_normalize_multiply"},
        {3, -kNone, kNone, 1000, 4000, DType::i8, 0.0301f, -11, "thb_normalize_multiply"},
        {1, -kNone, kNone, 0, 1, DType::i16, 1.0f, 0, "thb_normalize_offset"},
        {5, -kNone, kNone, -3, 777, DType::i16, 0.0017f, 0, "thb_normalize_multiply"},
    };
    constexpr int64_t count = 65536;
    TensorBytes all(1);
    for (int64_t i = 0; i < count; ++i) {
        all[0].push_back(static_cast<uint8_t>(i));
        all[0].push_back(static_cast<uint8_t>(i >> 8));
    }
    const ResolvedTarget host = find_target("host");
    for (const Setting& setting : settings) {
        const Graph graph = graph_of(setting, count);
        const Program program = compile(graph, {.name = "chain", .target = host.facts});
        ASSERT_EQ(program.steps.size(), 1u);
        EXPECT_EQ(program.steps[0].calls[0].kernel, setting.kernel);
        const auto expected = run_oracle(graph, Match::tflm, false, {all});
        const auto found = run_on_target(program, host, {all});
        size_t different = 0;
        for (size_t i = 0; i < expected[0].outputs[0].size(); ++i)
            different += expected[0].outputs[0][i] != found[0].outputs[0][i];
        EXPECT_EQ(different, 0u) << setting.kernel << " " << setting.out_scale;
    }
}

// Every int16 in every channel.
TEST(QuantizeNormalized, keeps_channels_that_differ_in_integers)
{
    constexpr int64_t channels = 3, count = 65536 * channels;
    GraphBuilder builder("chain");
    const TensorId x = builder.input(plain_tensor("x", DType::i16, {65536, channels}));
    const NormalizeAttributes attributes = {
        {32, 1, 300}, -20000, 30000, {127, 0, -5}, {256, 32768, 7.5}};
    const TensorId y = builder.own_node("normalize", {x}, attributes, 1, "y")[0];
    builder.output(builder.node("QUANTIZE", {y}, {}, DType::i8, {{0.0137f}, {-3}}), "q");
    const Graph graph = builder.finish();
    TensorBytes all(1);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t value = i / channels;
        all[0].push_back(static_cast<uint8_t>(value));
        all[0].push_back(static_cast<uint8_t>(value >> 8));
    }
    const ResolvedTarget host = find_target("host");
    const Program program = compile(graph, {.name = "chain", .target = host.facts});
    ASSERT_EQ(program.steps.size(), 1u);
    EXPECT_EQ(program.steps[0].calls[0].kernel, "thb_normalize_multiply_channels");
    const auto expected = run_oracle(graph, Match::tflm, false, {all});
    EXPECT_TRUE(run_on_target(program, host, {all})[0].outputs == expected[0].outputs);
}

TEST(QuantizeNormalized, leaves_floats_where_they_are_read)
{
    Setting setting = {32, -127, 127, 127, 256, DType::i8, 1 / 256.0f, -128, nullptr};
    Graph graph = graph_of(setting, 4);
    graph.outputs.push_back(graph.nodes[0].outputs[0]);
    quantize_normalized(graph);
    EXPECT_EQ(graph.nodes.size(), 2u);
}

}  // namespace
}  // namespace thimble
