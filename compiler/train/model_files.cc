#include "train/model_files.h"

#include "base/crc32.h"
#include "base/file.h"

#include <fmt/format.h>

namespace thimble {

namespace fs = std::filesystem;

ModelFiles model_files(const ProjectFile& file, const Settings& stage, const std::string& output)
{
    const fs::path stated = stage.file("model");
    ModelFiles files;
    files.model = output.empty() ? stated : fs::path(output) / stated.filename();
    files.float_model = files.model;
    files.float_model.replace_extension(".float.tflite");
    const fs::path folder = output.empty() ? file.path.parent_path() : fs::path(output);
    const std::string stem = stated.stem().string();
    files.checkpoint = folder / "training" / (stem + ".checkpoint");
    files.history = folder / "training" / (stem + ".json");
    return files;
}

std::string fingerprint(const ProjectFile& file, const TrainOptions& options, const SampleSet& set)
{
    uint32_t samples = 0;
    for (const LabelledSample& sample : set.train) {
        samples = crc32(sample.features) ^ (samples * 31 + static_cast<uint32_t>(sample.label));
        for (const float target : sample.targets)
            samples = samples * 31 + static_cast<uint32_t>(static_cast<int64_t>(target * 1e6f));
    }
    std::string layers;
    for (size_t i = 0; i < file.stages.size(); ++i)
        for (const auto& layer : file.stages[i].tables("layers")) layers += layer->section() + " ";
    return fmt::format("{} {:08x} batch {} rate {} {} decay {} {} {} clip {} seed {} {}", layers,
                       samples, options.batch, options.rate, options.optimizer, options.decay,
                       options.schedule, options.loss, options.clip, options.seed,
                       options.balanced);
}

}  // namespace thimble
