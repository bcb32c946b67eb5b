// Training of a stage `seq2seq`: texts and their answers.
#include "base/file.h"
#include "cli/output.h"
#include "export/tflite.h"
#include "torch/device_seq2seq_task.h"
#include "torch/train_report.h"
#include "torch/training_session.h"
#include "train/quantized_seq2seq.h"

#include <filesystem>
#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

constexpr size_t kJudgedMost = 2'000;  // texts that judge an epoch with the device's integers

class Seq2seqTraining {
public:
    explicit Seq2seqTraining(TrainingSession session)
        : session_(std::move(session)),
          spec_(seq2seq_spec(session_.stage)),
          pairs_(read_text_pairs(session_.file, spec_)),
          decoder_(
              model_files(session_.file, session_.stage.file("decoder"), session_.command.output))
    {
    }

    Exit run()
    {
        Seq2seqTask task(spec_, pairs_, session_.options);
        if (!session_.as_json)
            say(fmt::format(
                "{}: {} texts to train on, {} held out to test; {} weights\n", session_.file.name,
                grouped(count(false)), grouped(count(true)),
                grouped(task.encoder().weight_count() + task.decoder().weight_count())));
        split();
        report_.history =
            session_.train(task, train_, validation_, fingerprint(session_.file, pairs_), true);
        write_models(deployed(task.encoder(), spec_.encoder), task.decoder().graph);
        report_.history_file = session_.models.history;
        report_.qat_history_file = session_.models.qat_history;
        report_.next = session_.next_command();
        print_report(report_, session_.as_json);
        return Exit::ok;
    }

private:
    int64_t count(bool test) const
    {
        return std::ranges::count_if(pairs_,
                                     [&](const TextPair& pair) { return pair.test == test; });
    }

    void split()
    {
        std::vector<int64_t> all;
        for (size_t i = 0; i < pairs_.size(); ++i)
            if (!pairs_[i].test)
                (pairs_[i].validation ? validation_ : all).push_back(static_cast<int64_t>(i));
        require(!all.empty(), ErrorCode::T0105,
                {session_.file.path.string(), "no text to train on", "texts with answers",
                 "thimble data shows what was found"});
        SplitMix64(session_.options.seed).shuffle(all);
        const double share = validation_.empty() ? session_.options.validation : 0;
        const auto kept = static_cast<std::ptrdiff_t>(share * static_cast<double>(all.size()));
        validation_.insert(validation_.end(), all.begin(), all.begin() + kept);
        train_.assign(all.begin() + kept, all.end());
    }

    void write_models(const Graph& encoder, const Graph& decoder)
    {
        const ModelFiles& files = session_.models;
        add_row("float32", encoder, decoder, {files.float_model, decoder_.float_model});
        const std::string& scheme = session_.stage.text("scheme");
        if (scheme == "float32") {
            export_tflite_file(encoder, files.model);
            export_tflite_file(decoder, decoder_.model);
            return;
        }
        Progress line;
        QuantizedSeq2seq quantized =
            quantized_seq2seq(encoder, decoder, spec_, pairs_, scheme, session_.options,
                              [&](const std::string& what) { line.text(what); });
        line.clear();
        if (session_.options.qat_epochs > 0) {
            const TemporaryFolder folder;
            add_row(scheme + ", rounded", quantized.encoder.graph(), quantized.decoder.graph(),
                    {folder.path() / "encoder.tflite", folder.path() / "decoder.tflite"});
            report_.models.back().files.clear();
            fine_tune(quantized);
        }
        add_row(scheme, quantized.encoder.graph(), quantized.decoder.graph(),
                {files.model, decoder_.model});
        report_.layers = quantized.encoder.layers;
        report_.layers.insert(report_.layers.end(), quantized.decoder.layers.begin(),
                              quantized.decoder.layers.end());
        report_.warnings = quantized.encoder.notes;
        report_.warnings.insert(report_.warnings.end(), quantized.decoder.notes.begin(),
                                quantized.decoder.notes.end());
        warn_of_drop(report_, session_.options, "int16x8", "");
    }

    // Trains on with the arithmetic of the device.
    void fine_tune(QuantizedSeq2seq& quantized)
    {
        DeviceSeq2seqTask task(quantized, spec_, pairs_, session_.options);
        const auto judged = static_cast<std::ptrdiff_t>(std::min(validation_.size(), kJudgedMost));
        report_.qat =
            session_.fine_tune(task, train_, {validation_.begin(), validation_.begin() + judged},
                               qat_fingerprint(session_.file, pairs_),
                               origin_of({&quantized.encoder, &quantized.decoder}), true);
        task.requantize();
    }

    void add_row(const std::string& scheme, const Graph& encoder, const Graph& decoder,
                 const std::vector<fs::path>& files)
    {
        export_tflite_file(encoder, files[0]);
        export_tflite_file(decoder, files[1]);
        ModelRow row{.scheme = scheme, .files = files};
        if (count(true) > 0) {
            Progress line;
            row.score =
                exact_answers(session_.file, files[0], files[1], [&](size_t done, size_t all) {
                    line.share(static_cast<double>(done) / static_cast<double>(all),
                               "testing " + scheme);
                });
        }
        report_.models.push_back(std::move(row));
    }

    TrainingSession session_;
    const Seq2seqSpec spec_;
    const std::vector<TextPair> pairs_;
    const ModelFiles decoder_;
    std::vector<int64_t> train_, validation_;
    TrainReport report_;
};

}  // namespace

Exit train_seq2seq(const TrainCommand& command, bool as_json, const ProjectFile& file,
                   const Settings& stage)
{
    require(stage.has("encoder") && !stage.table("encoder"), ErrorCode::T0106,
            {stage.place("encoder"), "cells", "one file that training writes",
             "encoder = \"encoder.tflite\""});
    return Seq2seqTraining({command, as_json, file, stage, "encoder"}).run();
}

}  // namespace thimble
