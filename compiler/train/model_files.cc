#include "train/model_files.h"

#include "base/crc32.h"
#include "base/file.h"

#include <fmt/format.h>

namespace thimble {

namespace fs = std::filesystem;

ModelFiles model_files(const ProjectFile& file, const fs::path& model, const std::string& output)
{
    ModelFiles files;
    files.model = output.empty() ? model : fs::path(output) / model.filename();
    files.float_model = files.model;
    files.float_model.replace_extension(".float.tflite");
    const fs::path folder = output.empty() ? file.path.parent_path() : fs::path(output);
    const std::string stem = model.stem().string();
    files.checkpoint = folder / "training" / (stem + ".checkpoint");
    files.history = folder / "training" / (stem + ".json");
    files.qat_history = folder / "training" / (stem + ".qat.json");
    return files;
}

namespace {

// What the weights depend on besides the samples. The number of epochs may grow.
std::string with_settings(const ProjectFile& file, uint32_t samples)
{
    std::string text = fmt::format("{:08x} ", samples);
    for (const Settings& stage : file.stages)
        if (stage.has("layers")) text += stage.summary({"model", "encoder", "decoder", "scheme"});
    return text + file.train()->summary(
                      {"epochs", "patience", "calibration", "qat_epochs", "qat_rate", "max_drop"});
}

template <typename T>
uint32_t crc_of(const std::vector<T>& values, uint32_t previous)
{
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    return crc32({bytes, values.size() * sizeof(T)}, previous);
}

}  // namespace

std::string fingerprint(const ProjectFile& file, const SampleSet& set)
{
    uint32_t samples = 0;
    for (const LabelledSample& sample : set.train) {
        samples = crc32(sample.features, samples);
        samples = crc_of(std::vector<int>{sample.label, sample.validation}, samples);
        samples = crc_of(sample.targets, samples);
    }
    return with_settings(file, samples);
}

std::string fingerprint(const ProjectFile& file, const std::vector<TextPair>& pairs)
{
    uint32_t samples = 0;
    for (const TextPair& pair : pairs) samples = crc_of(pair.target, crc_of(pair.source, samples));
    return with_settings(file, samples);
}

}  // namespace thimble
