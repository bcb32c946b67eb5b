// The stage `smooth` in front of a decision: as many results as there are, at most so many.
#include "base/error.h"
#include "project/pipeline.h"
#include "verify/engine.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

Pipeline compose(const std::string& input, const std::string& results)
{
    return compose_pipeline(
        parse_project_file("name = \"calm\"\n[input]\nkind = \"tensor\"\n" + input +
                               "\n[[stage]]\nkind = \"smooth\"\nresults = " + results +
                               "\n[[stage]]\nkind = \"argmax\"\n",
                           "calm/thimble.toml"));
}

std::vector<int32_t> labels_of(const Pipeline& pipeline,
                               const std::vector<std::vector<float>>& rows)
{
    std::vector<TensorBytes> inputs;
    for (const std::vector<float>& row : rows) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(row.data());
        inputs.push_back({Bytes(bytes, bytes + row.size() * sizeof(float))});
    }
    std::vector<int32_t> labels;
    for (const RunOutputs& run : run_oracle(pipeline.graph, Match::tflm, false, inputs)) {
        EXPECT_EQ(run.outputs[0], Bytes{1});
        int32_t label = 0;
        std::memcpy(&label, run.outputs[1].data(), sizeof label);
        labels.push_back(label);
    }
    return labels;
}

TEST(Smooth, one_wrong_result_does_not_decide)
{
    const std::vector<std::vector<float>> rows = {{0, 1}, {0, 1}, {0.9f, 0.1f}, {0, 1},
                                                  {1, 0}, {1, 0}, {1, 0}};
    EXPECT_EQ(labels_of(compose("shape = [2]", "1"), rows),
              (std::vector<int32_t>{1, 1, 0, 1, 0, 0, 0}));
    // Means of the last three: the first result stands for itself.
    EXPECT_EQ(labels_of(compose("shape = [2]", "3"), rows),
              (std::vector<int32_t>{1, 1, 1, 1, 0, 0, 0}));
}

TEST(Smooth, refuses_other_values)
{
    try {
        compose("shape = [2]\ntype = \"int32\"", "3");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0106);
        EXPECT_EQ(error.text().found, "the stage before gives int32[2]");
    }
}

}  // namespace
}  // namespace thimble
