// What trainings in tests have in common: [train] and layers as a project has them, and runs over
// the first samples.
#pragma once

#include "base/error.h"
#include "project/project_file.h"
#include "torch/trainer.h"
#include "train/train_options.h"

#include <gtest/gtest.h>
#include <numeric>
#include <string>
#include <vector>

namespace thimble {

// What [train] says when a project does not have it.
inline TrainOptions default_options()
{
    return train_options(parse_project_file("[[stage]]\nkind = \"argmax\"\n", "thimble.toml"));
}

// The layers of a stage `network`, of its key `layers`.
inline auto layers_of(const std::string& list)
{
    const ProjectFile file = parse_project_file(
        "[[stage]]\nkind = \"network\"\nmodel = \"m.tflite\"\nlayers = " + list + "\n",
        "thimble.toml");
    return file.stages[0].tables("layers");
}

inline std::vector<int64_t> numbers(int64_t first, int64_t count)
{
    std::vector<int64_t> list(static_cast<size_t>(count));
    std::iota(list.begin(), list.end(), first);
    return list;
}

// Trains on the first `train` samples; the `validation` samples behind them judge.
inline TrainRun run_over(int64_t epochs, double rate, int64_t train, int64_t validation)
{
    TrainRun run;
    run.options = default_options();
    run.options.epochs = epochs;
    run.options.rate = rate;
    run.train = numbers(0, train);
    run.validation = numbers(train, validation);
    return run;
}

// Stops within an epoch, as Ctrl-C does.
inline void stop_in(int64_t epoch, volatile std::sig_atomic_t& stop, TrainRun& run)
{
    run.stop = &stop;
    run.going = [epoch, &stop](int64_t now, double, const Score&) { stop = now == epoch; };
}

// The loss of every epoch, to the last bit: equal where equal weights went on equally.
inline std::vector<double> losses(const History& history)
{
    std::vector<double> list;
    for (const Epoch& epoch : history.epochs)
        list.insert(list.end(), {epoch.train.loss, epoch.validation.loss});
    return list;
}

// Trains four epochs at once, and the same stopped within the third and gone on with: `train_by`
// must give equal results. Leaves `run` about to go on.
template <typename TrainBy>
void expect_to_go_on(TrainRun& run, const std::filesystem::path& folder, const TrainBy& train_by)
{
    run.resume = false;
    run.checkpoint = folder / "whole";
    const auto whole = train_by(run);
    run.checkpoint = folder / "parts";
    TrainRun part = run;
    volatile std::sig_atomic_t stop = 0;
    stop_in(3, stop, part);
    train_by(part);
    run.resume = true;
    int64_t epochs = 0;
    run.ended = [&](const Epoch&) { ++epochs; };
    EXPECT_EQ(train_by(run), whole);
    EXPECT_EQ(epochs, 2) << "the third and the fourth are left";
    run.ended = nullptr;
}

inline ErrorCode refusal_of(const std::function<void()>& training)
{
    try {
        training();
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::T0001;
}

}  // namespace thimble
