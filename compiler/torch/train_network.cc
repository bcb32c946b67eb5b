// Training of a stage `network`: features and labels, or numbers.
#include "cli/output.h"
#include "evaluate/feature_ranges.h"
#include "export/tflite.h"
#include "torch/device_task.h"
#include "torch/sample_task.h"
#include "torch/train_report.h"
#include "torch/training_session.h"
#include "train/layers.h"
#include "train/quantized_network.h"
#include "train/split.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

SampleSet samples_of(const ProjectFile& file)
{
    Progress line;
    return collect_samples(file, [&](size_t done, size_t all) {
        line.share(static_cast<double>(done) / static_cast<double>(all),
                   fmt::format("features of {} of {} recordings", done, all));
    });
}

class NetworkTraining {
public:
    explicit NetworkTraining(TrainingSession session)
        : session_(std::move(session)), set_(samples_of(session_.file))
    {
    }

    Exit run()
    {
        const NetworkSpec spec{session_.stage.tables("layers"), set_.sample, set_.ids};
        TrainableNetwork network = build_network(spec, session_.options.seed);
        describe(network);
        SampleTask task(std::move(network), set_, session_.options, session_.stage.place("layers"));
        split_ = split_for_validation(set_, session_.options.validation, session_.options.seed);
        report_.history = session_.train(task, split_.train, split_.validation,
                                         fingerprint(session_.file, set_), report_.shares);
        write_models(deployed(task.network(), spec));
        report_.history_file = session_.models.history;
        report_.qat_history_file = session_.models.qat_history;
        report_.next = session_.next_command();
        print_report(report_, session_.as_json);
        return Exit::ok;
    }

private:
    void describe(const TrainableNetwork& network)
    {
        report_.shares = !set_.labels.empty();
        if (session_.as_json) return;
        for (const std::string& note : set_.notes) say("note: " + note + "\n");
        if (const auto note = feature_note(set_, session_.command.project))
            say("note: " + *note + "\n");
        const auto others = static_cast<int64_t>(
            std::ranges::count_if(set_.train, [](const auto& one) { return one.validation; }));
        const auto all = static_cast<int64_t>(set_.train.size());
        say(fmt::format("{}: {} samples to train on{}, {} held out to test; {} weights\n",
                        session_.file.name, grouped(all - others),
                        others == 0 ? "" : fmt::format(", {} to choose by", grouped(others)),
                        grouped(static_cast<int64_t>(set_.test.size())),
                        grouped(network.weight_count())));
    }

    void write_models(const Graph& network)
    {
        const ModelFiles& files = session_.models;
        add_row("float32", network, files.float_model);
        const std::string& scheme = session_.stage.text("scheme");
        if (scheme == "float32") {
            export_tflite_file(network, files.model);
            return;
        }
        Progress line;
        Quantized quantized = quantized_network(network, scheme, set_, session_.options,
                                                [&](const std::string& what) { line.text(what); });
        line.clear();
        if (session_.options.qat_epochs > 0) {
            add_row(scheme + ", rounded", quantized.graph(), {});
            fine_tune(quantized);
        }
        add_row(scheme, quantized.graph(), files.model);
        report_.layers = quantized.layers;
        report_.warnings = quantized.notes;
        warn_of_drop(report_, session_.options, "mixed", quantized.worst_layer);
    }

    // Trains on with the arithmetic of the device.
    void fine_tune(Quantized& quantized)
    {
        DeviceTask task(quantized, set_, session_.options, session_.stage.place("layers"));
        report_.qat = session_.fine_tune(task, split_.train, split_.validation,
                                         qat_fingerprint(session_.file, set_),
                                         origin_of({&quantized}), report_.shares);
        task.requantize();
    }

    // Writes the network to `file`, an empty one: nowhere, and tests it.
    void add_row(const std::string& scheme, const Graph& network, const std::filesystem::path& file)
    {
        std::vector<std::filesystem::path> files;
        if (!file.empty()) files.push_back(file);
        for (const auto& one : files) export_tflite_file(network, one);
        NetworkResult result;
        Progress line;
        if (!set_.test.empty())
            result = test_network(network, set_, fastest_engine(), [&](size_t done, size_t all) {
                line.share(static_cast<double>(done) / static_cast<double>(all),
                           "testing " + scheme);
            });
        report_.models.push_back(
            {scheme, result.score, std::move(result.confusion), std::move(files)});
    }

    TrainingSession session_;
    SampleSet set_;
    TrainingSplit split_;
    TrainReport report_;
};

}  // namespace

Exit train_network(const TrainCommand& command, bool as_json, const ProjectFile& file,
                   const Settings& stage)
{
    return NetworkTraining({command, as_json, file, stage, "model"}).run();
}

}  // namespace thimble
