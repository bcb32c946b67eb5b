// Training with the device's arithmetic: values are the oracle's, and a coarse network gets better.
#include "torch/device_task.h"

#include "base/file.h"
#include "base/random.h"
#include "evaluate/values.h"
#include "export/tflite.h"
#include "train/model_files.h"
#include "train/quantized_network.h"
#include "train/train_run.h"

#include <ATen/ATen.h>
#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

// Three rows of two numbers: which row has the largest sum?
SampleSet largest_rows()
{
    SampleSet set;
    set.sample.shape = {3, 2};
    set.labels = {"first", "second", "third"};
    SplitMix64 random(21);
    for (size_t i = 0; i < 300; ++i) {
        float values[6], sums[3] = {0, 0, 0};
        for (size_t k = 0; k < 6; ++k) {
            values[k] = static_cast<float>(random.uniform(-1, 1));
            sums[k / 2] += values[k];
        }
        LabelledSample sample;
        sample.features.resize(sizeof(values));
        std::memcpy(sample.features.data(), values, sizeof(values));
        sample.label = static_cast<int>(std::max_element(sums, sums + 3) - sums);
        sample.recording = i;
        set.places.push_back("rows");
        (i < 240 ? set.train : set.test).push_back(std::move(sample));
    }
    return set;
}

// Three ids below 8: where the greatest stands.
SampleSet largest_ids()
{
    SampleSet set;
    set.sample.type = DType::i32;
    set.sample.shape = {3};
    set.ids = 8;
    set.labels = {"first", "second", "third"};
    SplitMix64 random(22);
    for (size_t i = 0; i < 300; ++i) {
        int32_t ids[3];
        for (int32_t& id : ids) id = static_cast<int32_t>(random.below(8));
        LabelledSample sample;
        sample.features.resize(sizeof(ids));
        std::memcpy(sample.features.data(), ids, sizeof(ids));
        sample.label = static_cast<int>(std::max_element(ids, ids + 3) - ids);
        sample.recording = i;
        set.places.push_back("ids");
        (i < 240 ? set.train : set.test).push_back(std::move(sample));
    }
    return set;
}

struct Case {
    const char* name;
    const char* layers;
    const char* scheme;
    bool ids = false;
};

Quantized trained_and_rounded(const Case& c, const SampleSet& set, TrainOptions options)
{
    const NetworkSpec spec{layers_of(c.layers), set.sample, set.ids};
    SampleTask task(build_network(spec, 1), set, options, "layers");
    train(task, run_over(8, 0.02, 200, 40));
    return quantized_network(deployed(task.network(), spec), c.scheme, set, options, {});
}

// The weights that gradients are taken at are the trained ones, rounded.
void expect_rounded_weights(Quantized& quantized)
{
    const auto values = DeviceNetwork(quantized).values();
    const TrainableNetwork network = trainable_network(quantized.network);
    for (const TensorId id : network.weights) {
        const torch::Tensor exact = values.at(id);
        const torch::Tensor real = to_torch(network.graph.tensor(id));
        EXPECT_LT((exact - real).abs().mean().item<double>(),
                  0.1 * real.abs().max().item<double>() + 1e-6)
            << network.graph.tensor(id).name;
    }
}

// What libtorch goes on with is what the device computes, to the last bit.
void expect_exact_outputs(Quantized& quantized, const SampleSet& set)
{
    DeviceNetwork device(quantized);
    const Graph& graph = device.graph();
    const Tensor& output = graph.tensor(graph.outputs[0]);
    device.begin_batch();
    std::vector<float> expected;
    for (size_t sample = 0; sample < 20; ++sample) {
        device.run({input_bytes(set.train[sample], set.sample, graph.tensor(graph.inputs[0]))});
        for (int64_t k = 0; k < output.count(); ++k)
            expected.push_back(static_cast<float>(real_value(output, device.output(0), k)));
    }
    Differentiable network(trainable_network(quantized.network));
    network.set_exact(device.values());
    Shape shape = set.sample.shape;
    shape.insert(shape.begin(), 20);
    const torch::Tensor x = at::zeros(shape, set.ids > 0 ? torch::kInt64 : torch::kFloat32);
    const torch::Tensor found = network.forward({x}, false)[0].detach().flatten();
    ASSERT_EQ(static_cast<size_t>(found.numel()), expected.size());
    for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(found[static_cast<int64_t>(i)].item<float>(), expected[i]) << i;
}

class DeviceTaskCase : public testing::TestWithParam<Case> {};

TEST_P(DeviceTaskCase, computes_what_the_oracle_computes_and_learns)
{
    const SampleSet set = GetParam().ids ? largest_ids() : largest_rows();
    const TrainOptions options = default_options();
    Quantized quantized = trained_and_rounded(GetParam(), set, options);
    const NetworkResult expected = test_network(quantized.graph(), set, {.engine = "oracle"}, {});
    expect_rounded_weights(quantized);
    expect_exact_outputs(quantized, set);
    DeviceTask task(quantized, set, options, "layers");
    // It begins where rounding ended.
    const Graph rounded = quantized.graph();
    task.requantize();
    for (size_t t = 0; t < rounded.tensors.size(); ++t)
        if (rounded.tensors[t].is_constant()) {
            EXPECT_EQ(*rounded.tensors[t].data, *quantized.graph().tensors[t].data)
                << rounded.tensors[t].name;
        }
    Score before;
    task.score(numbers(240, 60), before);
    EXPECT_EQ(before.right, expected.score.right);

    TrainRun run = run_over(4, 0.005, 200, 40);
    run.first_counts = true;
    Score first, last;
    task.score(run.validation, first);
    const History history = train(task, run);
    task.score(run.validation, last);
    EXPECT_GE(last.right, first.right);
    EXPECT_LT(history.epochs.back().train.mean_loss(), history.epochs.front().train.mean_loss());
    task.requantize();
    Score trained;
    task.score(numbers(240, 60), trained);
    const NetworkResult after = test_network(quantized.graph(), set, {.engine = "oracle"}, {});
    EXPECT_EQ(after.score.right, trained.right);
}

// Stopped and gone on with, everything in front of it computed again: the same file.
TEST(DeviceTask, goes_on_as_if_it_had_not_been_stopped)
{
    const SampleSet set = largest_rows();
    const TrainOptions options = default_options();
    const TemporaryFolder folder;
    TrainRun run = run_over(4, 0.005, 200, 40);
    run.options.schedule = "cosine";
    run.fingerprint = "rows";
    run.first_counts = true;
    for (const char* const scheme : {"int8", "int4"}) {
        const Case c{"", "[{lstm = 6}, {dense = 3, activation = \"softmax\"}]", scheme};
        const auto trained = [&](TrainRun& how) {
            Quantized quantized = trained_and_rounded(c, set, options);
            how.origin = origin_of({&quantized});
            DeviceTask task(quantized, set, options, "layers");
            const History history = train(task, how);
            EXPECT_EQ(history.interrupted, how.stop != nullptr);
            task.requantize();
            return std::pair(losses(history), export_tflite(quantized.graph()));
        };
        expect_to_go_on(run, folder.path(), trained);
        TrainRun other = run;
        other.fingerprint = "columns";
        EXPECT_EQ(refusal_of([&] { trained(other); }), ErrorCode::T0107);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Networks, DeviceTaskCase,
    testing::Values(
        Case{"dense", R"([{dense = 8, activation = "relu"}, {dense = 3, activation = "softmax"}])",
             "int8"},
        Case{"dense_int4",
             R"([{dense = 8, activation = "relu"}, {dense = 3, activation = "softmax"}])", "int4"},
        Case{"conv", R"([{conv1d = 6, kernel = 2, activation = "relu"}, {flatten = true},
                 {dense = 3, activation = "softmax"}])",
             "int8"},
        Case{"conv_int4", R"([{conv1d = 6, kernel = 2, activation = "relu"}, {flatten = true},
                 {dense = 3, activation = "softmax"}])",
             "int4"},
        Case{"conv2d_norm",
             R"([{reshape = [3, 2, 1]}, {conv2d = 5, kernel = 2}, {batch_norm = true},
                 {activation = "relu"}, {max_pool = [2, 1]}, {dense = 3, activation = "softmax"}])",
             "int8"},
        Case{"depthwise", R"([{dense = 4, flat = false}, {reshape = [3, 1, 4]},
                 {depthwise = 2, kernel = [2, 1], activation = "relu"}, {flatten = true},
                 {dense = 3, activation = "softmax"}])",
             "int8"},
        Case{"lstm", R"([{lstm = 6}, {dense = 3, activation = "softmax"}])", "int8"},
        Case{"lstm_mixed", R"([{lstm = 6}, {dense = 3, activation = "softmax"}])", "mixed"},
        Case{"lstm_both_ways", R"([{lstm = 4, sequences = true, bidirectional = true},
                 {lstm = 5, bidirectional = true}, {dense = 3, activation = "softmax"}])",
             "int8"},
        Case{"gru", R"([{gru = 6}, {dense = 3, activation = "softmax"}])", "int8"},
        Case{"gru_both_ways", R"([{gru = 4, sequences = true, bidirectional = true},
                 {gru = 5, reset_after = false}, {dense = 3, activation = "softmax"}])",
             "int8"},
        Case{"gru_int4", R"([{gru = 6}, {dense = 3, activation = "softmax"}])", "int4"},
        Case{"rnn", R"([{rnn = 6}, {dense = 3, activation = "softmax"}])", "int8"},
        Case{"attention", R"([{dense = 6, flat = false}, {attention = 6}, {flatten = true},
                 {dense = 3, activation = "softmax"}])",
             "int8"},
        Case{"attention_16", R"([{dense = 6, flat = false}, {attention = 6}, {flatten = true},
                 {dense = 3, activation = "softmax"}])",
             "int16x8"},
        Case{"embedding", R"([{embedding = 4}, {lstm = 4}, {dense = 3, activation = "softmax"}])",
             "int8", true}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace thimble
