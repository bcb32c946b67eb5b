// What samples give the quantiser: values as the network takes them, and what is right for them.
#include "train/quantized_network.h"

#include "project/graph_builder.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

Graph network_of(int64_t values)
{
    const auto count = static_cast<size_t>(values);
    GraphBuilder build("net");
    Tensor in;
    in.shape = {1, 1};
    const TensorId x = build.input(in);
    const TensorId w = build.constant("w", {values, 1}, std::vector<float>(count, 1));
    const TensorId b = build.constant("b", {values}, std::vector<float>(count, 0));
    build.output(build.node("FULLY_CONNECTED", {x, w, b}, {}, DType::f32));
    return build.finish();
}

// Sample i has the value i and the label i modulo the number of labels.
SampleSet samples(std::vector<std::string> labels)
{
    SampleSet set;
    set.sample.shape = {1};
    set.labels = std::move(labels);
    for (int i = 0; i < 20; ++i) {
        LabelledSample& one = set.train.emplace_back();
        const auto value = static_cast<float>(i);
        one.features.resize(sizeof(value));
        std::memcpy(one.features.data(), &value, sizeof(value));
        if (set.labels.empty())
            one.targets = {value};
        else
            one.label = i % static_cast<int>(set.labels.size());
    }
    return set;
}

// The labels of the runs; each belongs to its own run.
std::vector<int> labels_of(const SampleSet& set, int64_t values)
{
    QuantizeOptions how;
    const auto runs = calibration_runs(network_of(values), set, 12, 1, how);
    EXPECT_EQ(runs.size(), 12u);
    for (size_t i = 0; i < how.labels.size(); ++i) {
        float value = 0;
        std::memcpy(&value, runs[i][0].data(), sizeof(value));
        EXPECT_EQ(how.labels[i], static_cast<int>(value) % static_cast<int>(set.labels.size()));
    }
    return how.labels;
}

TEST(CalibrationRuns, labels_go_with_their_samples)
{
    EXPECT_EQ(labels_of(samples({"a", "b", "c"}), 3).size(), 12u);
    EXPECT_EQ(labels_of(samples({"ham", "spam"}), 1).size(), 12u) << "one value tells two apart";
    EXPECT_TRUE(labels_of(samples({"a", "b", "c"}), 1).empty()) << "but not three";
    EXPECT_TRUE(labels_of(samples({}), 1).empty());
}

}  // namespace
}  // namespace thimble
