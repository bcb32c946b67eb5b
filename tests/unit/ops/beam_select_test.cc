// The search for the best sequence: by hand, and generated C against the oracle.
#include "ops/beam_select.h"

#include "../verify/run_c.h"
#include "compile.h"
#include "project/graph_builder.h"
#include "verify/engine.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace thimble {
namespace {

template <typename T>
Bytes bytes_of(const std::vector<T>& values)
{
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    return {bytes, bytes + values.size() * sizeof(T)};
}

template <typename T>
std::vector<T> values_of(const Bytes& bytes)
{
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

Tensor tensor_of(const char* name, DType type, Shape shape, float scale = 0)
{
    Tensor tensor;
    tensor.name = name;
    tensor.type = type;
    tensor.shape = std::move(shape);
    if (scale > 0) tensor.quant = {{scale}, {3}, 0};
    return tensor;
}

// One search step as a graph: end 1, pad 0.
Graph step_graph(DType type, int64_t beams, int64_t symbols, int64_t places, float scale)
{
    GraphBuilder builder("step");
    std::vector<TensorId> inputs = {
        builder.input(tensor_of("logits", type, {beams, symbols}, scale)),
        builder.input(tensor_of("ids", DType::i32, {beams, places})),
        builder.input(tensor_of("lengths", DType::i32, {beams})),
        builder.input(tensor_of("step", DType::i32, {1}))};
    if (beams > 1)
        inputs.push_back(builder.input(
            tensor_of("scores", type == DType::f32 ? DType::f32 : DType::i32, {beams})));
    const size_t outputs = beams == 1 ? static_cast<size_t>(beam_select_output::greedy_count)
                                      : static_cast<size_t>(beam_select_output::beam_count);
    for (const TensorId id :
         builder.own_node("beam_select", inputs, BeamSelectAttributes{1, 0}, outputs, "search"))
        builder.output(id);
    return builder.finish();
}

RunOutputs run_once(const Graph& graph, const TensorBytes& inputs)
{
    return run_oracle(graph, Match::tflm, false, {inputs})[0];
}

TEST(BeamSelect, greedy_by_hand)
{
    const Graph graph = step_graph(DType::f32, 1, 4, 3, 0);
    const auto run = [&](std::vector<float> logits, int32_t step) {
        return run_once(
            graph, {bytes_of(logits), bytes_of(std::vector<int32_t>{2, 2, 0}),
                    bytes_of(std::vector<int32_t>{step}), bytes_of(std::vector<int32_t>{step})});
    };
    // The first of equals; the last place ends the search.
    RunOutputs result = run({0, 1, 5, 5}, 2);
    EXPECT_EQ(values_of<int32_t>(result.outputs[0]), std::vector<int32_t>{2});
    EXPECT_EQ(values_of<int32_t>(result.outputs[1]), (std::vector<int32_t>{2, 2, 2}));
    EXPECT_EQ(values_of<int32_t>(result.outputs[2]), std::vector<int32_t>{3});
    EXPECT_EQ(values_of<int32_t>(result.outputs[3]), std::vector<int32_t>{3});
    EXPECT_EQ(result.outputs[4], Bytes{0});
    EXPECT_EQ(run({0, 1, 5, 5}, 1).outputs[4], Bytes{1});
    // `end` does not count, and leaves a pad.
    result = run({0, 9, 5, 5}, 1);
    EXPECT_EQ(values_of<int32_t>(result.outputs[1]), (std::vector<int32_t>{2, 0, 0}));
    EXPECT_EQ(values_of<int32_t>(result.outputs[2]), std::vector<int32_t>{1});
    EXPECT_EQ(result.outputs[4], Bytes{0});
}

// The worked numbers of docs/numerics.md.
TEST(BeamSelect, int8_scores_by_hand)
{
    const Graph graph = step_graph(DType::i8, 2, 2, 4, 0.1f);
    const RunOutputs result = run_once(
        graph, {bytes_of(std::vector<int8_t>{-10, -20, 0, 0}), bytes_of(std::vector<int32_t>(8, 0)),
                bytes_of(std::vector<int32_t>{0, 0}), bytes_of(std::vector<int32_t>{0}),
                bytes_of(std::vector<int32_t>{0, kNoScoreQ16})});
    EXPECT_EQ(values_of<int32_t>(result.outputs[5]), (std::vector<int32_t>{-20530, -86066}));
    EXPECT_EQ(values_of<int32_t>(result.outputs[6]), (std::vector<int32_t>{0, 0}));
}

TEST(BeamSelect, keeps_the_greedy_hypothesis_and_the_best_others)
{
    const Graph graph = step_graph(DType::f32, 3, 4, 2, 0);
    // Beam 0 is far behind, beam 1 has ended, beam 2 goes on.
    const RunOutputs result =
        run_once(graph, {bytes_of(std::vector<float>{0, 0, 1, 2, 9, 9, 9, 9, 0, 0, 4, 3}),
                         bytes_of(std::vector<int32_t>{2, 0, 0, 0, 3, 0}),
                         bytes_of(std::vector<int32_t>{1, 0, 1}), bytes_of(std::vector<int32_t>{1}),
                         bytes_of(std::vector<float>{-50, -3, -1})});
    EXPECT_EQ(values_of<int32_t>(result.outputs[6]), (std::vector<int32_t>{0, 2, 2}));
    EXPECT_EQ(values_of<int32_t>(result.outputs[0]), (std::vector<int32_t>{3, 2, 3}));
    EXPECT_EQ(values_of<int32_t>(result.outputs[1]), (std::vector<int32_t>{2, 3, 3, 2, 3, 3}));
    EXPECT_EQ(values_of<int32_t>(result.outputs[2]), (std::vector<int32_t>{2, 2, 2}));
}

// Random hypotheses, some of them ended, some "none".
template <typename Score>
TensorBytes random_inputs(std::mt19937& random, DType type, int64_t beams, int64_t symbols,
                          int64_t places)
{
    const auto whole = [&](int least, int most) {
        return least + static_cast<int32_t>(random() % static_cast<unsigned>(most - least + 1));
    };
    TensorBytes inputs;
    std::vector<int8_t> small;
    std::vector<float> real;
    for (int64_t i = 0; i < beams * symbols; ++i) {
        small.push_back(static_cast<int8_t>(whole(-128, 127)));
        real.push_back(static_cast<float>(whole(-4000, 4000)) / 500.0f);
    }
    inputs.push_back(type == DType::f32 ? bytes_of(real) : bytes_of(small));
    const int32_t step = whole(0, static_cast<int>(places) - 1);
    std::vector<int32_t> ids, lengths;
    std::vector<Score> scores;
    for (int64_t i = 0; i < beams * places; ++i)
        ids.push_back(whole(0, static_cast<int>(symbols) - 1));
    for (int64_t b = 0; b < beams; ++b) {
        lengths.push_back(step > 0 && whole(0, 3) == 0 ? whole(0, step - 1) : step);
        scores.push_back(b > 0 && whole(0, 4) == 0
                             ? (type == DType::f32 ? static_cast<Score>(kNoScore)
                                                   : static_cast<Score>(kNoScoreQ16))
                             : static_cast<Score>(whole(-9, 0)) * (type == DType::f32 ? 1 : 65536));
    }
    inputs.push_back(bytes_of(ids));
    inputs.push_back(bytes_of(lengths));
    inputs.push_back(bytes_of(std::vector<int32_t>{step}));
    if (beams > 1) inputs.push_back(bytes_of(scores));
    return inputs;
}

template <typename Score>
void expect_equal_on(const char* target_name, DType type, int64_t beams)
{
    if (!missing_program(target_name).empty()) GTEST_SKIP() << missing_program(target_name);
    const int64_t symbols = 9, places = 5;
    const Graph graph = step_graph(type, beams, symbols, places, 0.07f);
    std::mt19937 random(static_cast<unsigned>(beams));
    std::vector<TensorBytes> inputs;
    for (int i = 0; i < 60; ++i)
        inputs.push_back(random_inputs<Score>(random, type, beams, symbols, places));
    const ResolvedTarget target = find_target(target_name);
    const auto expected = run_oracle(graph, Match::tflm, false, inputs);
    const auto found = run_on_target(
        compile(graph, {.name = "step", .target = target.facts, .lower = {}}), target, inputs);
    for (size_t i = 0; i < inputs.size(); ++i)
        for (size_t o = 0; o < expected[i].outputs.size(); ++o) {
            const bool real_scores = type == DType::f32 && o == 5;
            if (!real_scores) {
                EXPECT_EQ(expected[i].outputs[o], found[i].outputs[o])
                    << target_name << " case " << i << " output " << o;
                continue;
            }
            const auto a = values_of<float>(expected[i].outputs[o]);
            const auto b = values_of<float>(found[i].outputs[o]);
            for (size_t k = 0; k < a.size(); ++k)
                EXPECT_NEAR(a[k], b[k], 1e-5 + 1e-6 * std::abs(a[k])) << i;
        }
}

TEST(BeamSelect, generated_c_equals_the_oracle)
{
    for (const char* target : {"host", "cortex-m4", "avr"}) {
        for (const int64_t beams : {1, 2, 3, 4}) {
            expect_equal_on<float>(target, DType::f32, beams);
            expect_equal_on<int32_t>(target, DType::i8, beams);
        }
    }
}

}  // namespace
}  // namespace thimble
