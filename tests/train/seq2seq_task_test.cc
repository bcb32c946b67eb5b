// A small translation, learnt from pairs: the words for the letters of a text, in reverse order.
#include "torch/seq2seq_task.h"

#include "ops/evaluate.h"
#include "train/layers.h"
#include "train/reversal.h"
#include "train/train_run.h"

#include <ATen/ATen.h>
#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

struct Case {
    const char* name;
    const char* cell;
    bool attention, mask;
};

class Seq2seqCase : public testing::TestWithParam<Case> {};

TEST_P(Seq2seqCase, learns_to_write_in_reverse_order)
{
    const Case& c = GetParam();
    const Seq2seqSpec spec = reversal_spec(c.cell, c.attention, c.mask);
    const std::vector<TextPair> list = reversal_pairs();
    TrainRun run = run_over(40, 0.01, 500, 100);
    run.options.batch = 50;
    run.options.sampling = 0.2;
    run.options.schedule = "cosine";
    Seq2seqTask task(spec, list, run.options);
    Score before, after;
    task.score(run.validation, before);
    train(task, run);
    task.score(run.validation, after);
    // One state must hold the whole text where the decoder cannot look back.
    const bool looks_back = c.attention;
    EXPECT_LT(after.mean_loss(), (looks_back ? 0.2 : 0.5) * before.mean_loss());
    EXPECT_GT(after.share_right(), looks_back ? 0.9 : 0.4);
}

INSTANTIATE_TEST_SUITE_P(Cells, Seq2seqCase,
                         testing::Values(Case{"lstm_attention", "lstm", true, false},
                                         Case{"gru_attention_masked", "gru", true, true},
                                         Case{"lstm", "lstm", false, false}),
                         [](const auto& info) { return std::string(info.param.name); });

// What stands in the rows of pads changes nothing.
TEST(Seq2seqTask, masked_attention_passes_over_pads)
{
    const Seq2seqSpec spec = reversal_spec("lstm", true, true);
    Differentiable encoder(build_network(spec.encoder, 3)), decoder(build_decoder(spec, 4));
    const std::vector<torch::Tensor> encoded = encoder.forward(
        {torch::tensor({int64_t{1}, int64_t{2}, int64_t{0}, int64_t{0}}).reshape({1, kPlaces})},
        false);
    const auto logits = [&](const torch::Tensor& memory) {
        return decoder.forward({torch::tensor({int64_t{1}}), encoded[1], at::zeros({1, spec.units}),
                                at::zeros({1, spec.width()}), memory},
                               false)[0];
    };
    torch::Tensor other = encoded[0].detach().clone();
    other.slice(1, 2, 4).slice(2, 0, spec.units) += 0.5;
    EXPECT_TRUE(at::allclose(logits(encoded[0]), logits(other), 1e-6, 1e-6));
    other = encoded[0].detach().clone();
    other.slice(1, 0, 1).slice(2, 0, spec.units) += 0.5;
    EXPECT_FALSE(at::allclose(logits(encoded[0]), logits(other), 1e-6, 1e-6));
}

// The decoder cell of libtorch is the graph's.
TEST(Seq2seqTask, decoder_computes_what_the_oracle_computes)
{
    for (const char* const cell : {"lstm", "gru"}) {
        const Seq2seqSpec spec = reversal_spec(cell, true, cell[0] == 'g');
        const TrainableNetwork network = build_decoder(spec, 3);
        Differentiable decoder(network);
        Evaluator oracle(network.graph, Match::tflm);
        std::vector<torch::Tensor> inputs = {torch::tensor({int64_t{4}})};
        const int32_t symbol = 4;
        oracle.set_input(0, {reinterpret_cast<const uint8_t*>(&symbol), sizeof(symbol)});
        at::manual_seed(2);
        for (size_t i = 1; i < network.graph.inputs.size(); ++i) {
            const torch::Tensor x = at::randn(network.graph.tensor(network.graph.inputs[i]).shape);
            inputs.push_back(x);
            oracle.set_input(i, {reinterpret_cast<const uint8_t*>(x.data_ptr<float>()),
                                 static_cast<size_t>(x.numel()) * sizeof(float)});
        }
        oracle.run();
        const std::vector<torch::Tensor> outputs = decoder.forward(inputs, false);
        for (size_t o = 0; o < outputs.size(); ++o) {
            const torch::Tensor flat = outputs[o].detach().flatten();
            const auto* expected = reinterpret_cast<const float*>(oracle.output(o).data());
            for (int64_t k = 0; k < flat.numel(); ++k)
                EXPECT_NEAR(flat[k].item<float>(), expected[k], 1e-5) << cell << " " << o;
        }
    }
}

}  // namespace
}  // namespace thimble
