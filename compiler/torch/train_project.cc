// `thimble train` in the program that links libtorch: recordings to samples, samples to weights,
// weights to models.
#include "base/process.h"
#include "cli/output.h"
#include "cli/train.h"
#include "compile.h"
#include "evaluate/samples.h"
#include "export/tflite.h"
#include "torch/progress_line.h"
#include "torch/sample_task.h"
#include "train/history.h"
#include "train/layers.h"
#include "train/model_files.h"
#include "train/quantized_network.h"
#include "train/split.h"

#include <cmath>
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

// A model that was written, and what it makes of the samples that are held out.
struct ModelRow {
    std::string scheme;
    NetworkResult result;
    fs::path file;
    int64_t bytes = 0;
};

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
        const NetworkSpec spec{stage_.tables("layers"), set.sample, set.ids};
        TrainableNetwork network = build_network(spec, options_.seed);
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
        write_models(deployed(task.network(), spec), set, history);
        return Exit::ok;
    }

private:
    void describe(const SampleSet& set, const TrainableNetwork& network) const
    {
        if (as_json_) return;
        for (const std::string& note : set.notes) say("note: " + note + "\n");
        say(fmt::format("{}: {} samples to train on, {} held out to test; {} weights\n", file_.name,
                        grouped(static_cast<int64_t>(set.train.size())),
                        grouped(static_cast<int64_t>(set.test.size())), grouped(network.weight_count())));
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

    void write_models(const Graph& network, const SampleSet& set, const History& history)
    {
        write_history(models_.history, history);
        export_tflite_file(network, models_.float_model);
        std::vector<ModelRow> rows = {row("float32", network, set, models_.float_model)};
        std::vector<std::string> warnings;
        const std::string& scheme = stage_.text("scheme");
        if (scheme == "float32") {
            export_tflite_file(network, models_.model);
        } else {
            ProgressLine line;
            const Quantized quantized =
                quantized_network(network, scheme, set, options_,
                                  [&](const std::string& what) { line.show(0, what); });
            line.clear();
            export_tflite_file(quantized.graph(), models_.model);
            rows.push_back(row(scheme, quantized.graph(), set, models_.model));
            warnings = quantized.notes;
            warn_of_drop(quantized, rows, warnings);
        }
        if (as_json_)
            print_report(history, rows, warnings);
        else
            say_report(history, rows, warnings, set);
    }

    // What is held out, through the C that a device would run; where there is no compiler, by the
    // oracle.
    ModelRow row(const std::string& scheme, const Graph& network, const SampleSet& set,
                 const fs::path& file) const
    {
        ProgressLine line;
        EngineChoice engine;
        engine.engine = find_program("gcc") ? "host" : "oracle";
        engine.compile = [&](const Graph& graph, const ResolvedTarget& target) {
            return compile(graph, {.name = "network", .target = target.facts});
        };
        NetworkResult result;
        if (!set.test.empty())
            result = test_network(network, set, engine, [&](size_t done, size_t all) {
                line.show(static_cast<double>(done) / static_cast<double>(all),
                          fmt::format("testing {}", scheme));
            });
        return {scheme, std::move(result), file, static_cast<int64_t>(fs::file_size(file))};
    }

    void warn_of_drop(const Quantized& quantized, const std::vector<ModelRow>& rows,
                      std::vector<std::string>& warnings) const
    {
        const Score &real = rows[0].result.score, &whole = rows[1].result.score;
        const double drop = 100 * (real.share_right() - whole.share_right());
        if (!rows[0].result.confusion || drop <= options_.max_drop) return;
        warnings.push_back(fmt::format(
            "{} costs {:.2f} points of accuracy{}; try scheme = \"mixed\" or qat_epochs = 10",
            rows[1].scheme, drop,
            quantized.worst_layer.empty() ? "" : ", most of it in " + quantized.worst_layer));
    }

    void print_report(const History& history, const std::vector<ModelRow>& rows,
                      const std::vector<std::string>& warnings) const
    {
        json files = json::array(), models = json::array();
        for (const ModelRow& one : rows) {
            files.push_back(one.file.string());
            json model = {{"scheme", one.scheme},
                          {"file", one.file.string()},
                          {"bytes", one.bytes},
                          {"samples", one.result.score.samples}};
            if (one.result.confusion) {
                model["accuracy"] = one.result.score.share_right();
                model["confusion"] = one.result.confusion->counts();
            } else {
                model["mean_square_error"] = -one.result.score.share_right();
            }
            models.push_back(std::move(model));
        }
        print_json(json{{"files", files},
                        {"warnings", warnings},
                        {"models", models},
                        {"epochs", history.epochs.size()},
                        {"best_epoch", history.best},
                        {"history", models_.history.string()}});
    }

    void say_report(const History& history, const std::vector<ModelRow>& rows,
                    const std::vector<std::string>& warnings, const SampleSet& set) const
    {
        const bool labels = !set.labels.empty();
        say(fmt::format("best epoch: {} of {}\n\n", history.best, history.epochs.size()));
        TextTable table({"held out to test", labels ? ">right" : ">error", ">bytes", "file"});
        for (const ModelRow& one : rows)
            table.row({one.scheme, result_text(one.result.score, labels), grouped(one.bytes),
                       one.file.string()});
        say(table.text());
        if (rows.back().result.confusion) say("\n" + rows.back().result.confusion->text());
        for (const std::string& warning : warnings) say("warning: " + warning + "\n");
        say_next("thimble eval " + command_.project);
    }

    static std::string result_text(const Score& score, bool labels)
    {
        if (score.samples == 0) return "-";
        return labels ? fmt::format("{:.2f} %", 100 * score.share_right())
                      : fmt::format("{:.4g}", std::sqrt(std::max(0.0, -score.share_right())));
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
