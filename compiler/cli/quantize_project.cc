#include "cli/quantize_project.h"

#include "base/error.h"
#include "base/file.h"
#include "compile.h"
#include "evaluate/float_project.h"
#include "export/tflite.h"
#include "import/import.h"
#include "project/data_section.h"
#include "project/project.h"
#include "train/layers.h"
#include "train/quantized_network.h"
#include "train/quantized_seq2seq.h"
#include "train/seq2seq_network.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

std::function<void(size_t, size_t)> counted(const ProjectQuantization& wanted, const char* what)
{
    return [&wanted, what](size_t done, size_t all) {
        if (wanted.progress) wanted.progress(fmt::format("{}: {} of {}", what, done, all));
    };
}

bool is_model_name(const fs::path& path)
{
    return path.extension() == ".tflite";
}

void write(const QuantizedPart& part)
{
    make_folders_for(part.file);
    export_tflite_file(part.result.graph(), part.file);
}

// ---- a stage `network` ----

// Whether samples are held out, and what is right for them is known.
bool can_test(const SampleSet& set)
{
    return !set.test.empty() && (!set.labels.empty() || !set.test[0].targets.empty());
}

QuantizedProject quantize_network(const ProjectFile& file, const Settings& stage,
                                  const ProjectQuantization& wanted)
{
    const fs::path source = float_model(stage.file("model"));
    // All stages fit each other; the model itself was read, and is there.
    load_project(float_project(file));
    const Graph graph = recognise(
        import_model(source.string(), {.signature = stage.text_or_empty("signature")}), false);
    const SampleSet set =
        collect_samples(file, counted(wanted, "features of recordings"), {.every_label = false});
    const TrainOptions train = train_options(file);
    QuantizeOptions how = wanted.how;
    how.progress = wanted.progress;
    const std::vector<CalibrationRun> runs = calibration_runs(
        graph, set, wanted.runs > 0 ? wanted.runs : train.calibration, train.seed, how);
    QuantizedProject result;
    result.notes = set.notes;
    result.shares = !set.labels.empty();
    const QuantizedPart& part =
        result.parts.emplace_back(QuantizedPart{.source = source,
                                                .file = quantized_files(file, wanted.output)[0],
                                                .result = quantize(graph, runs, how),
                                                .runs = static_cast<int64_t>(runs.size())});
    if (can_test(set)) {
        const EngineChoice engine = fastest_engine();
        result.in_float = test_network(graph, set, engine, counted(wanted, "testing float")).score;
        result.in_integers =
            test_network(part.result.graph(), set, engine, counted(wanted, "testing")).score;
    }
    write(part);
    return result;
}

// ---- a stage `seq2seq` ----

// The model has the inputs and outputs of what training builds for this stage.
Graph trained_model(const fs::path& source, const Graph& built)
{
    Graph graph = recognise(import_model(source.string(), {}), false);
    const auto fit = [&](const std::vector<TensorId>& found,
                         const std::vector<TensorId>& expected) {
        return std::ranges::equal(found, expected, [&](TensorId a, TensorId b) {
            return graph.tensor(a).type == built.tensor(b).type &&
                   graph.tensor(a).shape == built.tensor(b).shape;
        });
    };
    require(fit(graph.inputs, built.inputs) && fit(graph.outputs, built.outputs), ErrorCode::T0106,
            {source.string(), "other inputs or outputs than `layers` and `decoder_network` give",
             "the network that thimble trained for this project",
             "thimble train, or the layers that it was trained with"});
    return graph;
}

QuantizedProject quantize_seq2seq(const ProjectFile& file, const Settings& stage,
                                  const ProjectQuantization& wanted)
{
    require(stage.has("layers") && !stage.table("encoder"), ErrorCode::T0106,
            {stage.place("encoder"), "a network that thimble did not train",
             "`layers`, and one file for the encoder",
             "thimble quantize ENCODER.tflite --calibration DATA, and the same for the decoder"});
    const std::vector<fs::path> sources = {float_model(stage.file("encoder")),
                                           float_model(stage.file("decoder"))};
    const std::vector<fs::path> files = quantized_files(file, wanted.output);
    const Seq2seqSpec spec = seq2seq_spec(stage);
    const std::vector<TextPair> pairs = read_text_pairs(file, spec);
    TrainOptions train = train_options(file);
    if (wanted.runs > 0) train.calibration = wanted.runs;
    const Graph encoder =
        trained_model(sources[0], deployed(build_network(spec.encoder, train.seed), spec.encoder));
    const Graph decoder = trained_model(sources[1], build_decoder(spec, train.seed).graph);
    QuantizedSeq2seq made =
        quantized_seq2seq(encoder, decoder, spec, pairs,
                          std::string(scheme_name(wanted.how.scheme)), train, wanted.progress);
    QuantizedProject result;
    result.parts = {{sources[0], files[0], std::move(made.encoder)},
                    {sources[1], files[1], std::move(made.decoder)}};
    for (QuantizedPart& part : result.parts) {
        part.runs = std::min<int64_t>(train.calibration, static_cast<int64_t>(pairs.size()));
        write(part);
    }
    if (std::ranges::any_of(pairs, [](const TextPair& pair) { return pair.test; })) {
        result.in_float =
            exact_answers(file, sources[0], sources[1], counted(wanted, "testing float"));
        result.in_integers = exact_answers(file, files[0], files[1], counted(wanted, "testing"));
    }
    return result;
}

}  // namespace

Scheme scheme_of(const ProjectFile& file)
{
    const Settings& stage = file.stages[trained_stage(file)];
    return scheme_from(stage.text("scheme")).value_or(Scheme::int8);
}

std::vector<fs::path> quantized_files(const ProjectFile& file, const std::string& output)
{
    const size_t index = trained_stage(file);
    const Settings& stage = file.stages[index];
    const fs::path given = output;
    const auto in_folder = [&](const char* key) { return given / stage.file(key).filename(); };
    if (file.kind(index) == "network") return {is_model_name(given) ? given : in_folder("model")};
    require(!is_model_name(given), ErrorCode::T0004,
            {"-o " + output, "one file, and the project has an encoder and a decoder", "a folder",
             "-o " + fs::path(given).replace_extension("").string()});
    if (stage.table("encoder")) return {};  // refused before anything is written
    return {in_folder("encoder"), in_folder("decoder")};
}

QuantizedProject quantize_project(const ProjectFile& file, const ProjectQuantization& wanted)
{
    const size_t stage = trained_stage(file);
    return file.kind(stage) == "seq2seq" ? quantize_seq2seq(file, file.stages[stage], wanted)
                                         : quantize_network(file, file.stages[stage], wanted);
}

}  // namespace thimble
