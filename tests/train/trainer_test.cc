// The training loop on a small task: it learns, repeats, goes on from a checkpoint, and refuses one
// of another task.
#include "torch/trainer.h"

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "torch/sample_task.h"
#include "train/layers.h"
#include "train/train_run.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

// Points of the plane: is x * y above 0?
SampleSet quadrants()
{
    SampleSet set;
    set.sample.shape = {2};
    set.labels = {"below", "above"};
    SplitMix64 random(11);
    for (size_t i = 0; i < 400; ++i) {
        const float point[2] = {static_cast<float>(random.uniform(-1, 1)),
                                static_cast<float>(random.uniform(-1, 1))};
        LabelledSample sample;
        sample.features.resize(sizeof(point));
        std::memcpy(sample.features.data(), point, sizeof(point));
        sample.label = point[0] * point[1] > 0;
        sample.recording = i;
        set.places.push_back("point");
        set.train.push_back(std::move(sample));
    }
    return set;
}

SampleTask task_of(const SampleSet& set, const TrainOptions& options,
                   const std::string& dropout = "{dropout = 0.1}, ")
{
    const auto layers = layers_of(R"([{dense = 16, activation = "relu"}, )" + dropout +
                                  R"({dense = 2, activation = "softmax"}])");
    return {build_network({layers, set.sample}, options.seed), set, options, "layers"};
}

TrainRun run_of(int64_t epochs)
{
    TrainRun run = run_over(epochs, 0.02, 300, 100);
    run.fingerprint = "quadrants";
    return run;
}

std::vector<float> weights_after(const SampleSet& set, const TrainRun& run)
{
    SampleTask task = task_of(set, run.options);
    train(task, run);
    std::vector<float> all;
    for (const torch::Tensor& weight : task.weights()) {
        const torch::Tensor flat = weight.detach().flatten().contiguous();
        all.insert(all.end(), flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
    }
    return all;
}

double loss_of(SampleTask& task, const std::vector<int64_t>& samples, bool training)
{
    Score score;
    task.loss(samples, training, score);
    return score.loss;
}

TEST(Trainer, learns_and_keeps_the_best_epoch)
{
    const SampleSet set = quadrants();
    const TrainRun run = run_of(30);
    SampleTask task = task_of(set, run.options);
    Score before, after;
    task.score(run.validation, before);
    const History history = train(task, run);
    task.score(run.validation, after);
    ASSERT_EQ(history.epochs.size(), 30u);
    EXPECT_LT(after.mean_loss(), 0.3 * before.mean_loss());
    EXPECT_GT(after.share_right(), 0.93);
    double best = 0;
    for (const Epoch& epoch : history.epochs) best = std::max(best, epoch.validation.share_right());
    EXPECT_EQ(after.share_right(), best);
}

TEST(Trainer, without_validation_the_training_samples_decide)
{
    const SampleSet set = quadrants();
    TrainRun run = run_of(5);
    run.validation.clear();
    SampleTask task = task_of(set, run.options);
    const History history = train(task, run);
    double best = 0;
    for (const Epoch& epoch : history.epochs) {
        EXPECT_EQ(epoch.validation.samples, 0);
        EXPECT_EQ(epoch_text(epoch, 5, true).find("validation"), std::string::npos);
        best = std::max(best, epoch.train.share_right());
    }
    EXPECT_EQ(history.epochs.at(static_cast<size_t>(history.best) - 1).train.share_right(), best);
}

// Whatever is hidden is hidden in training alone, and only what has rows and channels can be.
TEST(Trainer, hides_rows_and_channels)
{
    SampleSet set = quadrants();
    TrainRun run = run_of(3);
    run.options.mask_channels = 1;
    EXPECT_THROW(weights_after(set, run), Error);
    set.sample.shape = {2, 1};
    EXPECT_THROW(weights_after(set, run), Error);  // there is one channel only
    run.options.mask_channels = 0;
    run.options.mask_rows = 1;
    const std::vector<float> masked = weights_after(set, run);
    EXPECT_EQ(masked, weights_after(set, run));
    SampleTask task = task_of(set, run.options, "");
    const double hidden = loss_of(task, run.validation, true);
    EXPECT_NE(hidden, loss_of(task, run.validation, true));
    const double seen = loss_of(task, run.validation, false);
    EXPECT_EQ(seen, loss_of(task, run.validation, false));
}

// With two rows, moving by one makes them equal, to the first or to the second: points on the
// diagonal stay where they are, and others do not.
TEST(Trainer, shifts_rows_and_channels)
{
    SampleSet set = quadrants();
    set.sample.shape = {2, 1};
    TrainRun run = run_of(1);
    run.options.shift_rows = 2;
    EXPECT_THROW(weights_after(set, run), Error);
    run.options.shift_rows = 1;
    SampleTask task = task_of(set, run.options, "");
    const double moved = loss_of(task, run.validation, true);
    EXPECT_NE(moved, loss_of(task, run.validation, true));
    EXPECT_EQ(loss_of(task, run.validation, false), loss_of(task, run.validation, false));
    for (LabelledSample& sample : set.train)
        std::memcpy(sample.features.data() + sizeof(float), sample.features.data(), sizeof(float));
    SampleTask diagonal = task_of(set, run.options, "");
    const double loss = loss_of(diagonal, run.validation, true);
    EXPECT_EQ(loss, loss_of(diagonal, run.validation, false));
}

TEST(Trainer, gives_the_same_weights_again)
{
    const SampleSet set = quadrants();
    const std::vector<float> first = weights_after(set, run_of(3));
    EXPECT_EQ(first, weights_after(set, run_of(3)));
    TrainRun other = run_of(3);
    other.options.seed = 2;
    EXPECT_NE(first, weights_after(set, other));
}

// Of the last epoch's validation.
double mean_loss_after(const SampleSet& set, const TrainRun& run)
{
    SampleTask task = task_of(set, run.options);
    return train(task, run).epochs.back().validation.mean_loss();
}

// Steps that are far too long go to and fro; their mean does not.
TEST(Trainer, scores_and_keeps_the_mean_of_the_weights)
{
    const SampleSet set = quadrants();
    TrainRun run = run_of(10);
    run.options.optimizer = "sgd";
    run.options.rate = 1;
    const double last = mean_loss_after(set, run);
    run.options.average = 0.99;
    EXPECT_LT(mean_loss_after(set, run), 0.8 * last);
    run.options.epochs = 1;
    run.options.batch = 300;  // one step: its weights are the mean
    const std::vector<float> one = weights_after(set, run);
    run.options.average = 0;
    EXPECT_EQ(weights_after(set, run), one);
}

TEST(Trainer, goes_on_as_if_it_had_not_been_stopped)
{
    const SampleSet set = quadrants();
    for (const double average : {0.0, 0.9}) {
        const TemporaryFolder folder;
        TrainRun run = run_of(6);
        run.options.average = average;
        run.checkpoint = folder.path() / "whole.checkpoint";
        const std::vector<float> whole = weights_after(set, run);
        run.checkpoint = folder.path() / "parts.checkpoint";
        run.options.epochs = 2;
        weights_after(set, run);
        run.resume = true;
        run.options.epochs = 6;
        EXPECT_EQ(weights_after(set, run), whole);
    }
}

TEST(Trainer, goes_on_with_every_optimizer_and_from_within_an_epoch)
{
    const SampleSet set = quadrants();
    const TemporaryFolder folder;
    for (const char* const optimizer : {"sgd", "rmsprop", "adam", "adamw"}) {
        TrainRun run = run_of(5);
        run.options.optimizer = optimizer;
        run.options.schedule = "cosine";
        run.checkpoint = folder.path() / optimizer;
        const std::vector<float> weights = weights_after(set, run);
        const auto trained = [&](const TrainRun& how) {
            SampleTask task = task_of(set, how.options);
            return losses(train(task, how));
        };
        const std::vector<double> whole = trained(run);
        TrainRun part = run;
        volatile std::sig_atomic_t stop = 0;
        stop_in(4, stop, part);
        EXPECT_EQ(trained(part).size(), 6u) << optimizer;
        run.resume = true;
        EXPECT_EQ(trained(run), whole) << optimizer;
        EXPECT_EQ(weights_after(set, run), weights) << optimizer << ", nothing left to do";
    }
}

// Out of patience, there is nothing to go on with.
TEST(Trainer, does_not_begin_to_hope_again)
{
    const SampleSet set = quadrants();
    const TemporaryFolder folder;
    TrainRun run = run_of(200);
    run.options.rate = 0.5;
    run.options.patience = 2;
    run.checkpoint = folder.path() / "checkpoint";
    SampleTask first = task_of(set, run.options), second = task_of(set, run.options);
    const History history = train(first, run);
    ASSERT_LT(history.epochs.size(), 200u);
    run.resume = true;
    EXPECT_EQ(train(second, run).epochs.size(), history.epochs.size());
    run.options.patience = 5;
    EXPECT_GT(train(second, run).epochs.size(), history.epochs.size());
}

// A checkpoint that began from other weights is no part of this training.
TEST(Trainer, begins_anew_from_another_origin)
{
    const SampleSet set = quadrants();
    const TemporaryFolder folder;
    TrainRun run = run_of(2);
    run.checkpoint = folder.path() / "checkpoint";
    run.origin = "one";
    const std::vector<float> whole = weights_after(set, run);
    run.resume = true;
    int64_t epochs = 0;
    run.ended = [&](const Epoch&) { ++epochs; };
    EXPECT_EQ(weights_after(set, run), whole);
    EXPECT_EQ(epochs, 0);
    run.origin = "another";
    EXPECT_EQ(weights_after(set, run), whole);
    EXPECT_EQ(epochs, 2);
}

ErrorCode refusal(const SampleSet& set, const TrainRun& run)
{
    return refusal_of([&] { weights_after(set, run); });
}

TEST(Trainer, refuses_checkpoints_of_something_else)
{
    const SampleSet set = quadrants();
    const TemporaryFolder folder;
    TrainRun run = run_of(1);
    run.checkpoint = folder.path() / "one.checkpoint";
    run.resume = true;
    EXPECT_EQ(refusal(set, run), ErrorCode::T0101);
    run.resume = false;
    weights_after(set, run);
    run.resume = true;
    run.fingerprint = "other";
    EXPECT_EQ(refusal(set, run), ErrorCode::T0107);
    run.fingerprint = "quadrants";
    std::string bytes = read_text_file(run.checkpoint);
    write_file(run.checkpoint, bytes.substr(0, bytes.size() / 2));
    EXPECT_EQ(refusal(set, run), ErrorCode::T0107);
}

TEST(Trainer, says_when_the_loss_is_no_number)
{
    SampleSet set = quadrants();
    const float wrong = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(set.train[7].features.data(), &wrong, sizeof(wrong));
    EXPECT_EQ(refusal(set, run_of(1)), ErrorCode::T0108);
}

}  // namespace
}  // namespace thimble
