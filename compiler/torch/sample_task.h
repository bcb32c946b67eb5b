// A network and the samples of a project as a task: labels or numbers from features.
#pragma once

#include "evaluate/samples.h"
#include "torch/differentiable.h"
#include "torch/trainer.h"

#include <string>

namespace thimble {

class SampleTask : public Task {
public:
    // Samples are numbered: those to train on first, then those to test on. Throws T0106 when the
    // network gives another number of values than there are labels or targets, or for a loss that
    // does not go with its last layer.
    SampleTask(TrainableNetwork network, const SampleSet& set, const TrainOptions& options,
               const std::string& place);

    torch::Tensor loss(std::span<const int64_t> samples, bool training, Score& score) override;
    std::vector<torch::Tensor>& weights() override { return network_.weights(); }
    std::vector<torch::Tensor>& statistics() override { return network_.statistics(); }
    TrainableNetwork network() const { return network_.network(); }
    // "cross_entropy": the loss in use.
    const std::string& loss_name() const { return loss_; }

protected:
    void set_exact(std::map<TensorId, torch::Tensor> exact)
    {
        network_.set_exact(std::move(exact));
    }

private:
    std::string chosen_loss(const std::string& wanted, const std::string& place) const;
    void set_changes(const TrainOptions& options, const SampleSet& set, const std::string& place);
    torch::Tensor shifted(torch::Tensor inputs) const;
    torch::Tensor masked(torch::Tensor inputs) const;
    torch::Tensor class_weights(const SampleSet& set) const;
    torch::Tensor errors(const torch::Tensor& y, const torch::Tensor& labels,
                         const torch::Tensor& targets, torch::Tensor& right) const;

    Differentiable network_;
    std::string last_op_;     // of the network
    int64_t values_ = 0;      // of the network's output
    size_t label_count_ = 0;  // 0: targets
    std::string loss_;
    torch::Tensor inputs_;              // [samples, ...]
    int64_t most_hidden_[2] = {0, 0};   // rows, channels, in training
    int64_t most_shifted_[2] = {0, 0};  // the same
    double mask_value_ = 0;
    torch::Tensor labels_;     // int64 [samples]
    torch::Tensor targets_;    // float [samples, values]
    torch::Tensor weight_of_;  // float [labels]; undefined: all count the same
};

}  // namespace thimble
