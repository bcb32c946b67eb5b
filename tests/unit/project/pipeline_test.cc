// Stages composed to a tick graph: its inputs and outputs, what runs only in some ticks, refusals.
#include "project/pipeline.h"

#include "base/error.h"
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
