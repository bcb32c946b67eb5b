// The training loop: epochs of shuffled batches, validation, the best weights, checkpoints.
//
// Equal task, options and seed give equal weights on the same machine with the same libtorch. One
// thread: networks of this size lose time with more.
//
// Tested by tests/train/trainer_test.cc.
#pragma once

#include "base/random.h"
#include "train/history.h"
#include "train/train_options.h"

#include <torch/types.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace thimble {

// What is trained: a network and its samples, counted from 0.
class Task {
public:
    virtual ~Task() = default;
    // The mean loss of some samples, differentiable if `training`, and what they add to the score.
    virtual torch::Tensor loss(std::span<const int64_t> samples, bool training, Score& score) = 0;
    // Told before an epoch, of which share all epochs before it are.
    virtual void begin_epoch(double) {}
    // May put the samples of an epoch, which are shuffled, into another order.
    virtual void arrange(std::vector<int64_t>&, size_t, SplitMix64&) {}
    // The same for many, without differentiating.
    void score(std::span<const int64_t> samples, Score& score);
    virtual std::vector<torch::Tensor>& weights() = 0;
    // What else belongs to a checkpoint: running means.
    virtual std::vector<torch::Tensor>& statistics() = 0;
};

struct TrainRun {
    TrainOptions options = {};
    std::vector<int64_t> train, validation;  // samples
    std::filesystem::path checkpoint;        // written after every epoch
    std::string fingerprint;                 // of what a checkpoint must have in common
    std::string origin;  // of the weights that it begins with: one of others is begun anew
    std::string to_begin_anew = "run without --resume to begin anew";  // instead of its checkpoint
    bool resume = false;
    bool first_counts = false;  // the weights that it begins with may stay the best
    // Told after every epoch, and within one of the share that is done.
    std::function<void(const Epoch&)> ended;
    std::function<void(int64_t epoch, double share, const Score& now)> going;
    const volatile std::sig_atomic_t* stop = nullptr;  // not 0: end soon, without this epoch
};

// Trains `task` and leaves it with the best epoch's weights: those with most right answers of the
// validation samples, among equal ones the least loss. Throws T0107 when a checkpoint cannot be
// continued, T0108 when the loss is no number any more.
History train(Task& task, const TrainRun& run);

}  // namespace thimble
