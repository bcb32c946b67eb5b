// What libtorch computes for a network is what the oracle computes for its deployed form: batch
// norms folded, activations fused, the input's scale in the first weights.
#include "torch/differentiable.h"

#include "base/random.h"
#include "ops/evaluate.h"
#include "train/train_run.h"

#include <ATen/ATen.h>
#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

struct Case {
    const char* name;
    const char* layers;
    Shape shape;
    DType type = DType::f32;
    int64_t ids = 0;
};

const Case kCases[] = {
    {"dense", R"([{dense = 7, activation = "relu"}, {dense = 3, activation = "softmax"}])", {9}},
    {"dense_batch_norm",
     R"([{dense = 7}, {batch_norm = true}, {activation = "relu6"},
        {dropout = 0.5}, {dense = 2, activation = "sigmoid"}])",
     {5, 3}},
    {"dense_of_rows", R"([{dense = 4, flat = false, activation = "tanh"}, {dense = 2}])", {5, 3}},
    {"conv1d",
     R"([{conv1d = 6, kernel = 5, stride = 2}, {batch_norm = true},
        {activation = "relu"}, {max_pool = 2}, {dense = 3}])",
     {30, 3}},
    {"conv1d_same",
     R"([{conv1d = 6, kernel = 4, stride = 3, padding = "same"},
        {activation = "relu"}, {global_pool = "average"}, {dense = 3}])",
     {20, 2}},
    {"conv2d",
     R"([{conv2d = 5, kernel = 3, activation = "relu"}, {average_pool = 2},
        {conv2d = 4, kernel = [3, 2], stride = [2, 1], padding = "same"}, {batch_norm = true},
        {activation = "relu"}, {global_pool = "max"}, {dense = 3, activation = "softmax"}])",
     {12, 11}},
    {"depthwise",
     R"([{conv2d = 4, kernel = 3},
        {depthwise = 2, kernel = 3, stride = 2, padding = "same"}, {batch_norm = true},
        {activation = "relu"}, {flatten = true}, {dense = 3}])",
     {9, 9, 2}},
    {"pool_same",
     R"([{max_pool = [3, 2], stride = 2, padding = "same"},
        {average_pool = 3, stride = 2, padding = "same"}, {dense = 2}])",
     {9, 7, 2}},
    {"int8_input",
     R"([{reshape = [4, 6]}, {conv1d = 3, kernel = 3, activation = "relu"},
        {dense = 2}])",
     {24},
     DType::i8},
    {"uint8_lstm", R"([{lstm = 5}, {dense = 3, activation = "softmax"}])", {7, 4}, DType::u8},
    {"lstm_stacked",
     R"([{lstm = 6, sequences = true, bidirectional = true}, {lstm = 4},
        {dense = 3}])",
     {8, 3}},
    {"gru",
     R"([{gru = 5, sequences = true}, {gru = 4, reset_after = false, bidirectional = true},
        {dense = 2}])",
     {8, 3}},
    {"rnn",
     R"([{rnn = 5, sequences = true, bidirectional = true}, {flatten = true},
        {dense = 2}])",
     {8, 3}},
    {"embedding",
     R"([{embedding = 6}, {lstm = 4, bidirectional = true},
        {dense = 1, activation = "sigmoid"}])",
     {10},
     DType::i32,
     20},
    {"embedding_mean",
     R"([{embedding = 6}, {global_pool = "average"}, {dense = 2}])",
     {10},
     DType::i32,
     20},
    {"attention",
     R"([{dense = 6, flat = false}, {attention = 4}, {global_pool = "average"},
        {dense = 2}])",
     {7, 3}},
};

Tensor features_of(const Case& c)
{
    Tensor tensor;
    tensor.type = c.type;
    tensor.shape = c.shape;
    return tensor;
}

NetworkSpec spec_of(const Case& c)
{
    return {layers_of(c.layers), features_of(c), c.ids};
}

double drawn(const Case& c, SplitMix64& random)
{
    if (c.type == DType::i32)
        return static_cast<double>(random.below(static_cast<uint64_t>(c.ids)));
    if (c.type == DType::i8) return static_cast<double>(random.whole(-128, 127));
    if (c.type == DType::u8) return static_cast<double>(random.whole(0, 255));
    return random.uniform(-2, 2);
}

std::vector<uint8_t> as_bytes(const std::vector<double>& values, DType type)
{
    std::vector<uint8_t> bytes(values.size() * 4);
    for (size_t i = 0; i < values.size(); ++i) {
        const auto real = static_cast<float>(values[i]);
        const auto id = static_cast<int32_t>(values[i]);
        std::memcpy(bytes.data() + 4 * i,
                    type == DType::i32 ? static_cast<const void*>(&id) : &real, 4);
    }
    return bytes;
}

// Away from their first values, so that folding has something to do.
void disturb(Differentiable& network)
{
    const torch::NoGradGuard no_gradients;
    at::manual_seed(5);
    for (torch::Tensor& weight : network.weights()) weight += 0.1 * at::randn_like(weight);
    for (torch::Tensor& values : network.statistics()) values += 0.3 * at::rand_like(values);
}

class DifferentiableCase : public testing::TestWithParam<Case> {};

TEST_P(DifferentiableCase, computes_what_the_oracle_computes_for_the_deployed_network)
{
    const Case& c = GetParam();
    const Tensor features = features_of(c);
    const NetworkSpec spec = spec_of(c);
    Differentiable network(build_network(spec, 3));
    disturb(network);
    const Graph plain = deployed(network.network(), spec);
    Evaluator oracle(plain, Match::tflm);
    SplitMix64 random(7);
    constexpr int64_t kSamples = 5;
    std::vector<double> all;
    std::vector<float> expected;
    for (int64_t sample = 0; sample < kSamples; ++sample) {
        std::vector<double> values(static_cast<size_t>(features.count()));
        for (double& value : values) value = drawn(c, random);
        all.insert(all.end(), values.begin(), values.end());
        oracle.reset();
        oracle.begin_sequence();
        oracle.set_input(0, as_bytes(values, plain.tensor(plain.inputs[0]).type));
        oracle.run();
        const auto* found = reinterpret_cast<const float*>(oracle.output(0).data());
        expected.insert(expected.end(), found, found + oracle.output(0).size() / sizeof(float));
    }
    Shape shape = c.shape;
    shape.insert(shape.begin(), kSamples);
    const torch::Tensor x = torch::tensor(all, torch::kFloat64)
                                .to(c.type == DType::i32 ? torch::kInt64 : torch::kFloat32)
                                .reshape(shape);
    const torch::Tensor y = network.forward({x}, false)[0].detach().flatten();
    ASSERT_EQ(static_cast<size_t>(y.numel()), expected.size());
    for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(y[static_cast<int64_t>(i)].item<float>(), expected[i],
                    1e-5 + 1e-4 * std::abs(expected[i]))
            << i;
}

INSTANTIATE_TEST_SUITE_P(Layers, DifferentiableCase, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Differentiable, gradients_are_those_of_finite_differences)
{
    const Case& c = kCases[10];
    Differentiable network(build_network(spec_of(c), 3));
    const torch::Tensor x = at::full({2, 8, 3}, 0.3);
    const auto loss = [&] { return network.forward({x}, true)[0].square().sum(); };
    loss().backward();
    for (torch::Tensor& weight : network.weights()) {
        const float gradient = weight.grad().flatten()[0].item<float>();
        const torch::NoGradGuard no_gradients;
        constexpr double kStep = 1e-2;
        torch::Tensor first = weight.flatten()[0];
        first += kStep;
        const double above = loss().item<double>();
        first -= 2 * kStep;
        const double below = loss().item<double>();
        first += kStep;
        EXPECT_NEAR(gradient, (above - below) / (2 * kStep), 2e-3);
    }
}

}  // namespace
}  // namespace thimble
