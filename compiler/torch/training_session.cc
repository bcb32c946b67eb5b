#include "torch/training_session.h"

#include "cli/output.h"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>

namespace thimble {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kLinesMost = 20;  // about epochs; the file of the curves has them all

volatile std::sig_atomic_t stop_wanted = 0;

void want_stop(int)
{
    stop_wanted = 1;
}

}  // namespace

TrainingSession::TrainingSession(const TrainCommand& command, bool as_json, const ProjectFile& file,
                                 const Settings& stage, const std::string& model_key)
    : command(command),
      as_json(as_json),
      file(file),
      stage(stage),
      options(train_options(file)),
      models(model_files(file, stage.file(model_key), command.output))
{
    if (command.epochs > 0) options.epochs = command.epochs;
    const std::string& scheme = stage.text("scheme");
    require(options.qat_epochs == 0 || (scheme != "float32" && scheme != "float16"),
            ErrorCode::T0106,
            {file.train()->place("qat_epochs"),
             fmt::format("scheme = \"{}\" computes in float", scheme),
             "a scheme of integers: int8, int16x8, mixed, int4",
             "scheme = \"int8\" in the stage, or remove qat_epochs"});
}

History TrainingSession::train(Task& task, const std::vector<int64_t>& samples,
                               const std::vector<int64_t>& validation,
                               const std::string& fingerprint, bool shares)
{
    fs::create_directories(models.checkpoint.parent_path());
    TrainRun how;
    how.options = options;
    how.train = samples;
    how.validation = validation;
    how.checkpoint = models.checkpoint;
    how.fingerprint = fingerprint;
    how.resume = command.resume;
    std::error_code ignored;
    if (!command.resume) fs::remove(models.qat_checkpoint, ignored);
    const History history = run(task, how, shares);
    write_history(models.history, history);
    require_whole(history, history.epochs.empty() ? fs::path() : models.checkpoint);
    return history;
}

History TrainingSession::fine_tune(Task& task, const std::vector<int64_t>& samples,
                                   const std::vector<int64_t>& validation,
                                   const std::string& fingerprint, const std::string& origin,
                                   bool shares)
{
    TrainRun how;
    how.options = options;
    how.options.epochs = options.qat_epochs;
    how.options.rate = options.qat_rate;
    how.options.schedule = "cosine";
    how.options.patience = 0;
    how.train = samples;
    how.validation = validation;
    how.first_counts = true;
    how.checkpoint = models.qat_checkpoint;
    how.fingerprint = fingerprint;
    how.origin = origin;
    how.resume = command.resume && fs::exists(models.qat_checkpoint);
    how.to_begin_anew = "take the change back, or remove the file: integers begin anew";
    if (!as_json) say("with the device's integers:\n");
    const History history = run(task, how, shares);
    write_history(models.qat_history, history);
    require_whole(history, history.epochs.empty() ? models.checkpoint : models.qat_checkpoint);
    if (!as_json)
        say(history.best > 0 ? fmt::format("best of these: epoch {}\n", history.best)
                             : "none of these is better than rounding alone\n");
    return history;
}

History TrainingSession::run(Task& task, TrainRun& run, bool shares)
{
    Progress line;
    run.stop = &stop_wanted;
    const int64_t epochs = run.options.epochs;
    run.going = [&](int64_t epoch, double share, const Score& now) {
        const double done = (static_cast<double>(epoch - 1) + share) / static_cast<double>(epochs);
        line.share(done, fmt::format("epoch {}/{}  {}", epoch, epochs, score_text(now, shares)));
    };
    run.ended = [&](const Epoch& epoch) {
        const bool last = epoch.number == epochs;
        if (as_json || (epoch.number % (1 + (epochs - 1) / kLinesMost) != 0 && !last)) return;
        line.clear();
        say(epoch_text(epoch, epochs, shares) + "\n");
        std::fflush(stdout);  // a pipe would hold it back for minutes
    };
    std::signal(SIGINT, want_stop);
    std::signal(SIGTERM, want_stop);
    const History history = thimble::train(task, run);
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    return history;
}

void TrainingSession::require_whole(const History& history, const fs::path& kept) const
{
    if (!history.interrupted) return;
    std::string again = "thimble train " + command.project;
    if (command.epochs > 0) again += fmt::format(" --epochs {}", command.epochs);
    if (!command.output.empty()) again += " -o " + command.output;
    fail(ErrorCode::T0109,
         {command.project,
          kept.empty() ? "stopped in the first epoch: nothing is kept"
                       : fmt::format("stopped; what was trained is kept in {}", kept.string()),
          "all epochs", kept.empty() ? again : again + " --resume"});
}

std::string TrainingSession::next_command() const
{
    return command.output.empty() ? "thimble eval " + command.project
                                  : "thimble inspect " + models.model.string();
}

}  // namespace thimble
