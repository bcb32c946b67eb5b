// One run of `thimble train`, whatever is trained: options, progress, Ctrl-C, checkpoints.
#pragma once

#include "cli/train.h"
#include "evaluate/decide.h"
#include "torch/trainer.h"
#include "train/model_files.h"
#include "train/train_options.h"

#include <functional>
#include <string>

namespace thimble {

struct TrainingSession {
    TrainingSession(const TrainCommand& command, bool as_json, const ProjectFile& file,
                    const Settings& stage, const std::string& model_key);

    // Trains; says every epoch. `shares`: scores are shares of right answers. Throws T0109 when the
    // user stopped it.
    History train(Task& task, const std::vector<int64_t>& samples,
                  const std::vector<int64_t>& validation, const std::string& fingerprint,
                  bool shares);
    // A few epochs more, with the device's integers, which only count where they are better; says
    // which of them does. `origin`: of what they begin from (origin_of()). Throws T0109, too.
    History fine_tune(Task& task, const std::vector<int64_t>& samples,
                      const std::vector<int64_t>& validation, const std::string& fingerprint,
                      const std::string& origin, bool shares);
    // What a user does next: models elsewhere are not those that the project's commands take.
    std::string next_command() const;

    History run(Task& task, TrainRun& run, bool shares);
    // Throws T0109 when the user stopped it; `kept`: where what was trained is, empty: nowhere.
    void require_whole(const History& history, const std::filesystem::path& kept) const;

    const TrainCommand& command;
    const bool as_json;
    const ProjectFile& file;
    const Settings& stage;
    TrainOptions options;
    const ModelFiles models;
};

Exit train_network(const TrainCommand& command, bool as_json, const ProjectFile& file,
                   const Settings& stage);
Exit train_seq2seq(const TrainCommand& command, bool as_json, const ProjectFile& file,
                   const Settings& stage);

}  // namespace thimble
