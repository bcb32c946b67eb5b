#include "train/untrained.h"

#include "base/random.h"
#include "export/tflite.h"
#include "project/pipeline.h"
#include "train/layers.h"
#include "train/quantized_network.h"
#include "train/train_options.h"

#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

constexpr int kSamples = 20;

bool is_untrained(const ProjectFile& file, size_t stage)
{
    const Settings& settings = file.stages[stage];
    std::error_code ignored;
    return file.kind(stage) == "network" && settings.has("layers") &&
           !fs::exists(settings.file("model"), ignored);
}

template <typename T>
void append(std::vector<uint8_t>& bytes, T value)
{
    bytes.resize(bytes.size() + sizeof(T));
    std::memcpy(bytes.data() + bytes.size() - sizeof(T), &value, sizeof(T));
}

// Ids below `ids`, normal real numbers, or any bytes.
SampleSet random_samples(const Tensor& sample, int64_t ids)
{
    SplitMix64 random(1);
    SampleSet set;
    set.sample = sample;
    set.ids = ids;
    set.train.resize(kSamples);
    for (LabelledSample& one : set.train)
        for (int64_t i = 0; i < sample.count(); ++i) {
            if (ids > 0)
                append(one.features, static_cast<int32_t>(random.whole(0, ids - 1)));
            else if (is_float(sample.type))
                append(one.features, static_cast<float>(random.normal()));
            else
                append(one.features, static_cast<uint8_t>(random.below(256)));
        }
    return set;
}

void write_stand_in(const ProjectFile& file, size_t stage, const fs::path& path)
{
    const Pipeline front = compose_pipeline(file, 0, stage);
    const Tensor& sample = front.graph.tensor(front.graph.outputs.at(1));
    const NetworkSpec spec{file.stages[stage].tables("layers"), sample, front.ids};
    const TrainOptions options = train_options(file);
    const Graph network = deployed(build_network(spec, options.seed), spec);
    const std::string scheme = file.stages[stage].text("scheme");
    if (scheme == "float32") return export_tflite_file(network, path);
    const SampleSet set = random_samples(sample, front.ids);
    export_tflite_file(quantized_network(network, scheme, set, options, nullptr).graph(), path);
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
        const fs::path model = file.stages[i].file("model");
        const fs::path path = folder / model.filename();
        write_stand_in(complete, i, path);
        complete.stages[i].set("model", {path.string(), 0});
        notes.push_back(
            fmt::format("{} is not trained yet: first weights stand in; memory and "
                        "work are about what they will be, decisions mean nothing",
                        model.string()));
    }
    return complete;
}

}  // namespace thimble
