// Stages composed to a tick graph: its inputs and outputs, what runs only in some ticks, refusals.
#include "project/pipeline.h"

#include "base/error.h"
#include "compile.h"
#include "verify/engine.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

const char* const kValues = R"(
name = "levels"
[input]
kind = "tensor"
shape = [4]
[[stage]]
kind = "argmax"
labels = ["north", "east", "south", "west"]
)";

Pipeline compose(const std::string& text)
{
    return compose_pipeline(parse_project_file(text, "levels/thimble.toml"));
}

struct Answer {
    bool valid;
    int32_t label;
    float score;
};

std::vector<Answer> answers(const Graph& graph, const std::vector<std::vector<float>>& rows)
{
    std::vector<TensorBytes> inputs;
    for (const std::vector<float>& row : rows) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(row.data());
        inputs.push_back({Bytes(bytes, bytes + row.size() * sizeof(float))});
    }
    std::vector<Answer> result;
    for (const RunOutputs& run : run_oracle(graph, Match::tflm, false, inputs)) {
        Answer answer{run.outputs[0][0] != 0, 0, 0};
        std::memcpy(&answer.label, run.outputs[1].data(), sizeof answer.label);
        std::memcpy(&answer.score, run.outputs[2].data(), sizeof answer.score);
        result.push_back(answer);
    }
    return result;
}

std::string refusal(const std::string& text)
{
    try {
        compose(text);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Pipeline, decides_for_the_first_of_the_greatest_values)
{
    const Pipeline pipeline = compose(kValues);
    EXPECT_EQ(pipeline.interface.labels.size(), 4u);
    EXPECT_EQ(pipeline.interface.decision, Decision::label);
    EXPECT_FALSE(pipeline.interface.streamed());
    ASSERT_EQ(pipeline.joints.size(), 2u);
    EXPECT_EQ(pipeline.joints[0].tensor.shape, (Shape{4}));
    const auto found = answers(pipeline.graph, {{1, 5, 5, 0}, {-1, -2, -3, -0.5f}});
    EXPECT_TRUE(found[0].valid);
    EXPECT_EQ(found[0].label, 1);
    EXPECT_EQ(found[0].score, 5);
    EXPECT_EQ(found[1].label, 3);
}

TEST(Pipeline, runs_what_follows_a_condition_only_when_it_holds)
{
    const Pipeline pipeline =
        compose(std::string(kValues) + "[[stage]]\nkind = \"threshold\"\nat_least = 0.5\n");
    const auto found =
        answers(pipeline.graph, {{0, 1, 0, 0}, {0, 0.4f, 0, 0}, {0, 0, 0.5f, 0}});
    EXPECT_TRUE(found[0].valid);
    EXPECT_EQ(found[0].label, 1);
    EXPECT_FALSE(found[1].valid);
    EXPECT_TRUE(found[2].valid);
    EXPECT_EQ(found[2].label, 2);
}

TEST(Pipeline, holds_what_comes_while_a_tick_runs)
{
    const auto buffer = [](const std::string& input, const std::string& stage) {
        return compose("name = \"ring\"\n[input]\n" + input + "\n[[stage]]\n" + stage + "\n")
            .interface.buffer;
    };
    const std::string motion = "kind = \"motion\"\nchannels = [\"x\"]\n";
    const std::string window = "kind = \"window\"\nsamples = 30\nhop = ";
    const std::string argmax = "kind = \"argmax\"";
    EXPECT_EQ(buffer(motion + "rate_hz = 52", argmax), 1 + 6);
    EXPECT_EQ(buffer(motion + "rate_hz = 5", argmax), 1 + 1);
    EXPECT_EQ(buffer(motion, argmax), 1 + 16);
    EXPECT_EQ(buffer(motion + "rate_hz = 100", window + "3"), 30 + 10);
    EXPECT_EQ(buffer(motion + "rate_hz = 100", window + "20"), 30 + 20);
    EXPECT_EQ(buffer(motion + "rate_hz = 100\nbuffer = 35", window + "3"), 35);
    EXPECT_EQ(buffer(motion + "rate_hz = 100\nbuffer = 2", window + "3"), 33);
    EXPECT_EQ(buffer("kind = \"text\"", argmax), 1 + 32);
    EXPECT_EQ(buffer("kind = \"audio\"\nrate_hz = 16000", window + "20"), 30 + 20);
}

TEST(Pipeline, a_threshold_needs_the_score)
{
    std::string text = kValues;
    text.insert(text.find("labels"), "score = false\n");
    EXPECT_EQ(compose(text).graph.outputs.size(), 2u);
    text += "[[stage]]\nkind = \"threshold\"\nat_least = 0.5\n";
    EXPECT_NE(refusal(text).find("decisions without a score"), std::string::npos) << refusal(text);
}

TEST(Pipeline, has_an_answer_for_low_scores)
{
    const Pipeline pipeline =
        compose(std::string(kValues) +
                "[[stage]]\nkind = \"threshold\"\nat_least = 0.5\notherwise = \"none\"\n");
    ASSERT_EQ(pipeline.interface.labels.size(), 5u);
    EXPECT_EQ(pipeline.interface.labels[4], "none");
    const auto found = answers(pipeline.graph, {{0, 1, 0, 0}, {0, 0.4f, 0, 0}});
    EXPECT_TRUE(found[0].valid && found[1].valid);
    EXPECT_EQ(found[0].label, 1);
    EXPECT_EQ(found[1].label, 4);
}

TEST(Pipeline, is_silent_about_some_labels_and_during_a_pause)
{
    std::string text = kValues;
    text.replace(text.find("shape = [4]"), 11, "shape = [4]\nrate_hz = 10");
    const Pipeline pipeline = compose(text +
                                      "[[stage]]\nkind = \"threshold\"\nat_least = 0.5\n"
                                      "silent = \"west\"\npause_ms = 200\n");
    const std::vector<float> east = {0, 1, 0, 0}, west = {0, 0, 0, 1};
    std::vector<bool> reported;
    for (const Answer& one : answers(pipeline.graph, {west, east, east, east, east, west}))
        reported.push_back(one.valid);
    EXPECT_EQ(reported, (std::vector<bool>{false, true, false, false, true, false}));
}

TEST(Pipeline, lists_the_greatest_values_in_falling_order)
{
    std::string text = kValues;
    text.replace(text.find("\"argmax\""), 8, "\"top_k\"\nk = 2");
    const Graph graph = compose(text).graph;
    const std::vector<float> row = {3, 9, 3, 1};
    const auto* bytes = reinterpret_cast<const uint8_t*>(row.data());
    const RunOutputs run = run_oracle(graph, Match::tflm, false, {{Bytes(bytes, bytes + 16)}})[0];
    EXPECT_EQ(run.outputs[1], (Bytes{1, 0, 0, 0, 0, 0, 0, 0}));
    float scores[2];
    std::memcpy(scores, run.outputs[2].data(), sizeof scores);
    EXPECT_EQ(scores[0], 9);
    EXPECT_EQ(scores[1], 3);
}

const char* const kImage = R"(
[input]
kind = "image"
width = 4
height = 2
colour = "rgb"
[[stage]]
kind = "grey"
[[stage]]
kind = "resize"
width = 2
height = 1
)";

TEST(Pipeline, makes_images_grey_and_smaller)
{
    // Red, green, blue and white above black.
    const Bytes image = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255,
                         0,   0, 0, 0, 0,   0, 0, 0, 0,   0,   0,   0};
    const Pipeline pipeline = compose(kImage);
    ASSERT_EQ(pipeline.joints.size(), 3u);
    EXPECT_EQ(pipeline.joints[1].tensor.shape, (Shape{2, 4, 1}));
    // Brightness 77 149 29 255 above zeros; every new pixel is the mean of four, 56.5 and 71.
    EXPECT_EQ(run_oracle(pipeline.graph, Match::tflm, false, {{image}})[0].outputs[1],
              (Bytes{56, 71}));
    std::string nearest = kImage;
    nearest += "method = \"nearest\"\n";
    EXPECT_EQ(run_oracle(compose(nearest).graph, Match::tflm, false, {{image}})[0].outputs[1],
              (Bytes{0, 0}));
}

TEST(Pipeline, generated_c_of_images_equals_the_oracle)
{
    const Graph graph = compose(kImage).graph;
    std::vector<TensorBytes> inputs(20, {Bytes(24)});
    uint32_t random = 1;
    for (TensorBytes& run : inputs)
        for (uint8_t& pixel : run[0]) {
            random = random * 69069 + 1;
            pixel = static_cast<uint8_t>(random >> 24);
        }
    const auto expected = run_oracle(graph, Match::tflm, false, inputs);
    for (const char* name : {"host", "uno", "cortex-m0plus"}) {
        const ResolvedTarget target = find_target(name);
        try {
            const Program program = compile(graph, {.name = "image", .target = target.facts});
            const auto found = run_on_target(program, target, inputs);
            for (size_t i = 0; i < inputs.size(); ++i)
                EXPECT_EQ(found[i].outputs[1], expected[i].outputs[1]) << name << ", image " << i;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::T0401) throw;
            GTEST_SKIP() << error.what();
        }
    }
}

TEST(Pipeline, refuses_what_does_not_fit)
{
    EXPECT_NE(refusal("name = \"x\"\n[[stage]]\nkind = \"argmax\"\n").find("no [input]"),
              std::string::npos);
    EXPECT_NE(refusal("[input]\nkind = \"motion\"\n[[stage]]\nkind = \"argmax\"\n")
                  .find("[input] without 'channels'"),
              std::string::npos);
    std::string three = kValues;
    three.replace(three.find(", \"west\""), 8, "");
    EXPECT_NE(refusal(three).find("levels/thimble.toml:8: labels: 3 labels"), std::string::npos)
        << refusal(three);
    EXPECT_NE(refusal("[input]\nkind = \"tensor\"\nshape = [2]\n[[stage]]\nkind = \"threshold\"\n"
                      "at_least = 1\n")
                  .find("no decision in front"),
              std::string::npos);
}

}  // namespace
}  // namespace thimble
