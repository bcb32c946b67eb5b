#include "train/untrained.h"

#include "base/random.h"
#include "export/tflite.h"
#include "project/pipeline.h"
#include "train/layers.h"
#include "train/quantized_network.h"
#include "train/quantized_seq2seq.h"
#include "train/seq2seq_network.h"
#include "train/train_options.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

constexpr int kSamples = 20;

// The keys of the models that training a stage writes; none where it is not trained.
std::vector<const char*> trained_models(const ProjectFile& file, size_t stage)
{
    const Settings& settings = file.stages[stage];
    if (!settings.has("layers")) return {};
    if (file.kind(stage) == "network") return {"model"};
    if (settings.table("encoder")) return {};
    return {"encoder", "decoder"};
}

bool is_untrained(const ProjectFile& file, size_t stage)
{
    std::error_code ignored;
    return std::ranges::any_of(trained_models(file, stage), [&](const char* key) {
        return !fs::exists(file.stages[stage].file(key), ignored);
    });
}

// Below `ids`, which are whole numbers; else normal real numbers, or any integers.
std::vector<uint8_t> random_features(const Tensor& sample, int64_t ids, SplitMix64& random)
{
    const auto size = static_cast<size_t>(element_bytes(sample.type));
    std::vector<uint8_t> features(static_cast<size_t>(sample.bytes()));
    for (size_t at = 0; at < features.size(); at += size) {
        const auto real = static_cast<float>(random.normal());
        const auto whole = static_cast<int64_t>(ids > 0 ? random.below(static_cast<uint64_t>(ids))
                                                        : random.next());
        if (sample.type == DType::f32)
            std::memcpy(features.data() + at, &real, size);
        else
            std::memcpy(features.data() + at, &whole, size);
    }
    return features;
}

// Rows of the table that the first layer looks ids up in; 0: it is no embedding.
int64_t id_count(const NetworkSpec& spec)
{
    const Settings& first = *spec.layers[0];
    if (!first.has("embedding")) return 0;
    return first.has("ids") ? first.whole("ids") : spec.ids;
}

void write_network(const ProjectFile& file, size_t stage, const fs::path& path)
{
    const Pipeline front = compose_pipeline(file, 0, stage);
    const Tensor& sample = front.graph.tensor(front.graph.outputs.at(1));
    const NetworkSpec spec{file.stages[stage].tables("layers"), sample, front.ids};
    const TrainOptions options = train_options(file);
    const Graph network = deployed(build_network(spec, options.seed), spec);
    const std::string scheme = file.stages[stage].text("scheme");
    if (scheme == "float32") return export_tflite_file(network, path);
    SplitMix64 random(1);
    SampleSet set;
    set.sample = sample;
    set.train.resize(kSamples);
    for (LabelledSample& one : set.train)
        one.features = random_features(sample, id_count(spec), random);
    export_tflite_file(quantized_network(network, scheme, set, options, nullptr).graph(), path);
}

std::vector<int32_t> random_ids(int64_t count, int64_t ids, SplitMix64& random)
{
    std::vector<int32_t> list;
    for (int64_t i = 0; i < count; ++i)
        list.push_back(static_cast<int32_t>(random.whole(0, ids - 1)));
    return list;
}

void write_seq2seq(const ProjectFile& file, size_t stage, const fs::path& encoder_file,
                   const fs::path& decoder_file)
{
    const Seq2seqSpec spec = seq2seq_spec(file.stages[stage]);
    const TrainOptions options = train_options(file);
    const Graph encoder = deployed(build_network(spec.encoder, options.seed), spec.encoder);
    const Graph decoder = build_decoder(spec, options.seed).graph;
    const std::string scheme = file.stages[stage].text("scheme");
    if (scheme == "float32") {
        export_tflite_file(encoder, encoder_file);
        export_tflite_file(decoder, decoder_file);
        return;
    }
    SplitMix64 random(1);
    std::vector<TextPair> pairs(kSamples);
    for (TextPair& pair : pairs) {
        pair.source = random_ids(spec.places, spec.encoder.ids, random);
        pair.target = random_ids(spec.max_target, spec.symbols, random);
        pair.target.push_back(static_cast<int32_t>(spec.end));
    }
    const QuantizedSeq2seq quantized =
        quantized_seq2seq(encoder, decoder, spec, pairs, scheme, options, nullptr);
    export_tflite_file(quantized.encoder.graph(), encoder_file);
    export_tflite_file(quantized.decoder.graph(), decoder_file);
}

}  // namespace

bool is_trained(const ProjectFile& file)
{
    for (size_t i = 0; i < file.stages.size(); ++i)
        if (is_untrained(file, i)) return false;
    return true;
}

ProjectFile with_stand_ins(const ProjectFile& file, const fs::path& folder,
                           std::vector<std::string>& notes)
{
    ProjectFile complete = file;
    for (size_t i = 0; i < file.stages.size(); ++i) {
        if (!is_untrained(file, i)) continue;
        std::vector<fs::path> paths;
        for (const char* key : trained_models(file, i)) {
            const fs::path model = file.stages[i].file(key);
            // Models of several stages may have one name.
            paths.push_back(folder / fmt::format("{}-{}", i, key) / model.filename());
            fs::create_directories(paths.back().parent_path());
            complete.stages[i].set(key, {paths.back().string(), 0});
            notes.push_back(
                fmt::format("{} is not trained yet: first weights stand in; memory and "
                            "work are about what they will be, decisions mean nothing",
                            model.string()));
        }
        if (paths.size() == 1)
            write_network(complete, i, paths[0]);
        else
            write_seq2seq(file, i, paths[0], paths[1]);
    }
    return complete;
}

}  // namespace thimble
