// `thimble train` in the program that links libtorch: recordings to samples, samples to weights,
// weights to models.
#include "cli/output.h"
#include "cli/train.h"
#include "evaluate/samples.h"
#include "export/tflite.h"
#include "torch/progress_line.h"
#include "torch/sample_task.h"
#include "train/history.h"
#include "train/layers.h"
#include "train/model_files.h"
#include "train/split.h"

#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thimble {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

volatile std::sig_atomic_t stop_wanted = 0;

void want_stop(int)
{
    stop_wanted = 1;
}

// The stage whose layers are trained.
const Settings& stage_with_layers(const ProjectFile& file)
{
    for (size_t i = 0; i < file.stages.size(); ++i)
        if (file.kind(i) == "network" && file.stages[i].has("layers")) return file.stages[i];
    fail(ErrorCode::T0106, {file.path.string(), "no stage has layers to train",
                            "a stage with kind = \"network\" and layers",
                            "layers = [{dense = 8, activation = \"relu\"}, {dense = 2}]"});
}

SampleSet samples_of(const ProjectFile& file)
{
    ProgressLine line;
    SampleSet set = collect_samples(file, [&](size_t done, size_t all) {
        line.show(static_cast<double>(done) / static_cast<double>(all),
                  fmt::format("features of {} of {} recordings", done, all));
    });
    return set;
}

class ProjectTraining {
public:
    ProjectTraining(const TrainCommand& command, bool as_json)
        : command_(command),
          as_json_(as_json),
          file_(read_project_file(command.project)),
          stage_(stage_with_layers(file_)),
          options_(train_options(file_)),
          models_(model_files(file_, stage_, command.output))
    {
        if (command.epochs > 0) options_.epochs = command.epochs;
    }

    Exit run()
    {
        const SampleSet set = samples_of(file_);
        TrainableNetwork network = build_network(stage_, set.sample, set.ids, options_.seed);
        describe(set, network);
        SampleTask task(std::move(network), set, options_, stage_.place("layers"));
        const TrainingSplit split = split_for_validation(set, options_.validation, options_.seed);
        const History history = trained(task, set, split);
        if (history.interrupted) {
            say(fmt::format("stopped; {} epochs are kept in {}\n", history.epochs.size(),
                            models_.checkpoint.string()));
            say_next(fmt::format("thimble train {} --resume", command_.project));
            return Exit::user_error;
        }
        Score test;
        std::vector<int64_t> samples(set.test.size());
        for (size_t i = 0; i < samples.size(); ++i)
            samples[i] = static_cast<int64_t>(set.train.size() + i);
        if (!samples.empty()) task.score(samples, test);
        write_models(task, set, history, test);
        return Exit::ok;
    }

private:
    void describe(const SampleSet& set, const TrainableNetwork& network) const
    {
        if (as_json_) return;
        for (const std::string& note : set.notes) say("note: " + note + "\n");
        int64_t weights = 0;
        for (const TensorId id : network.weights) weights += network.graph.tensor(id).count();
        say(fmt::format("{}: {} samples to train on, {} held out to test; {} weights\n", file_.name,
                        grouped(static_cast<int64_t>(set.train.size())),
                        grouped(static_cast<int64_t>(set.test.size())), grouped(weights)));
    }

    History trained(SampleTask& task, const SampleSet& set, const TrainingSplit& split)
    {
        fs::create_directories(models_.checkpoint.parent_path());
        ProgressLine line;
        const bool labels = !set.labels.empty();
        TrainRun run;
        run.options = options_;
        run.train = split.train;
        run.validation = split.validation;
        run.checkpoint = models_.checkpoint;
        run.fingerprint = fingerprint(file_, options_, set);
        run.resume = command_.resume;
        run.stop = &stop_wanted;
        const int64_t epochs = options_.epochs;
        run.going = [&](int64_t epoch, double share, const Score& now) {
            const double done =
                (static_cast<double>(epoch - 1) + share) / static_cast<double>(epochs);
            line.show(done, fmt::format("epoch {}/{}  {}", epoch, epochs, score_text(now, labels)));
        };
        run.ended = [&](const Epoch& epoch) {
            if (as_json_) return;
            line.clear();
            say(epoch_text(epoch, epochs, labels) + "\n");
        };
        std::signal(SIGINT, want_stop);
        std::signal(SIGTERM, want_stop);
        const History history = train(task, run);
        std::signal(SIGINT, SIG_DFL);
        std::signal(SIGTERM, SIG_DFL);
        return history;
    }

    void write_models(const SampleTask& task, const SampleSet& set, const History& history,
                      const Score& test)
    {
        const Graph model = deployed(task.network(), stage_, set.sample, set.ids);
        export_tflite_file(model, models_.float_model);
        export_tflite_file(model, models_.model);
        write_history(models_.history, history);
        if (as_json_) {
            print_json(json{{"files", {models_.float_model.string(), models_.model.string()}},
                            {"warnings", json::array()},
                            {"epochs", history.epochs.size()},
                            {"best_epoch", history.best},
                            {"history", models_.history.string()}});
            return;
        }
        say(fmt::format("best epoch {}; held out: {}\n", history.best,
                        score_text(test, !set.labels.empty())));
        say_next("thimble eval " + command_.project);
    }

    const TrainCommand& command_;
    const bool as_json_;
    const ProjectFile file_;
    const Settings& stage_;
    TrainOptions options_;
    const ModelFiles models_;
};

}  // namespace

Exit train_project(const TrainCommand& command, bool as_json)
{
    return ProjectTraining(command, as_json).run();
}

}  // namespace thimble
