// Encoder and decoder, and pairs of texts, as a task.
//
// Trained with teacher forcing: the decoder is given the right symbol of the step before; with
// scheduled sampling (Bengio et al. 2015) now and then its own. Steps behind the end of an answer
// do not count. A sample is right when the whole answer is: while training as it is given the
// symbols, else free running.
#pragma once

#include "torch/differentiable.h"
#include "torch/trainer.h"
#include "train/seq2seq_network.h"
#include "train/text_pairs.h"

#include <vector>

namespace thimble {

class Seq2seqTask : public Task {
public:
    // Samples are numbered as the pairs are. `sampling`: share of symbols of its own, in the last
    // epoch.
    Seq2seqTask(const Seq2seqSpec& spec, const std::vector<TextPair>& pairs,
                const TrainOptions& options);

    torch::Tensor loss(std::span<const int64_t> samples, bool training, Score& score) override;
    void begin_epoch(double share_done) override;
    void arrange(std::vector<int64_t>& order, size_t batch, SplitMix64& random) override;
    std::vector<torch::Tensor>& weights() override { return weights_; }
    std::vector<torch::Tensor>& statistics() override { return statistics_; }
    TrainableNetwork encoder() const { return encoder_.network(); }
    TrainableNetwork decoder() const { return decoder_.network(); }

protected:
    // The same with other networks for both parts, of the same inputs and outputs.
    Seq2seqTask(const Seq2seqSpec& spec, TrainableNetwork encoder, TrainableNetwork decoder,
                const std::vector<TextPair>& pairs, const TrainOptions& options);
    // What tensors are to hold (Differentiable::set_exact): of the encoder for these samples, of
    // the decoder in their step `step` with the last symbols. Called in the order of steps.
    virtual std::map<TensorId, torch::Tensor> encoder_values(std::span<const int64_t>)
    {
        return {};
    }
    virtual std::map<TensorId, torch::Tensor> decoder_values(std::span<const int64_t>, int64_t,
                                                             const torch::Tensor&)
    {
        return {};
    }
    const Seq2seqSpec& spec() const { return spec_; }
    // Symbols of a sample's answer, with the end.
    int64_t length(int64_t sample) const { return lengths_[static_cast<size_t>(sample)]; }

private:
    torch::Tensor next_symbols(const torch::Tensor& logits, const torch::Tensor& right,
                               bool training);

    const Seq2seqSpec spec_;
    const double sampling_most_;
    double sampling_ = 0;
    Differentiable encoder_, decoder_;
    std::vector<torch::Tensor> weights_, statistics_;
    torch::Tensor sources_, targets_;  // int64 [pairs, places], [pairs, max_target + 1]
    std::vector<int64_t> lengths_;     // of the targets, with the end
};

}  // namespace thimble
