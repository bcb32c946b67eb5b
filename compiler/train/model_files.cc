#include "train/model_files.h"

#include "base/crc32.h"
#include "base/file.h"
#include "export/tflite.h"

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
    files.qat_checkpoint = folder / "training" / (stem + ".qat.checkpoint");
    files.history = folder / "training" / (stem + ".json");
    files.qat_history = folder / "training" / (stem + ".qat.json");
    return files;
}

namespace {

// What epochs in float do not depend on; their own number may grow.
const std::vector<std::string> kOfTheModels = {"model", "encoder", "decoder", "scheme"};
const std::vector<std::string> kBehindFloat = {"epochs",     "patience", "calibration",
                                               "qat_epochs", "qat_rate", "max_drop"};
// The same of epochs with integers, which begin at a certain origin.
const std::vector<std::string> kOfTheFiles = {"model", "encoder", "decoder"};
const std::vector<std::string> kBesideIntegers = {"epochs", "patience", "max_drop"};

std::string with_settings(const ProjectFile& file, uint32_t samples,
                          const std::vector<std::string>& without_of_stage,
                          const std::vector<std::string>& without_of_train)
{
    std::string text = fmt::format("{:08x} ", samples);
    for (const Settings& stage : file.stages)
        if (stage.has("layers")) text += stage.summary(without_of_stage);
    return text + file.train()->summary(without_of_train);
}

template <typename T>
uint32_t crc_of(const std::vector<T>& values, uint32_t previous)
{
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    return crc32({bytes, values.size() * sizeof(T)}, previous);
}

uint32_t crc_of(const SampleSet& set)
{
    uint32_t crc = 0;
    for (const LabelledSample& sample : set.train) {
        crc = crc32(sample.features, crc);
        crc = crc_of(std::vector<int>{sample.label, sample.validation}, crc);
        crc = crc_of(sample.targets, crc);
    }
    return crc;
}

uint32_t crc_of(const std::vector<TextPair>& pairs)
{
    uint32_t crc = 0;
    for (const TextPair& pair : pairs) {
        crc = crc_of(pair.target, crc_of(pair.source, crc));
        crc = crc_of(std::vector<int>{pair.test, pair.validation}, crc);
    }
    return crc;
}

}  // namespace

std::string fingerprint(const ProjectFile& file, const SampleSet& set)
{
    return with_settings(file, crc_of(set), kOfTheModels, kBehindFloat);
}

std::string fingerprint(const ProjectFile& file, const std::vector<TextPair>& pairs)
{
    return with_settings(file, crc_of(pairs), kOfTheModels, kBehindFloat);
}

std::string qat_fingerprint(const ProjectFile& file, const SampleSet& set)
{
    return with_settings(file, crc_of(set), kOfTheFiles, kBesideIntegers);
}

std::string qat_fingerprint(const ProjectFile& file, const std::vector<TextPair>& pairs)
{
    return with_settings(file, crc_of(pairs), kOfTheFiles, kBesideIntegers);
}

std::string origin_of(const std::vector<const Quantized*>& networks)
{
    uint32_t crc = 0;
    for (const Quantized* network : networks) {
        crc = crc32(export_tflite(network->graph()), crc);
        for (const Tensor& tensor : network->network.graph.tensors)
            if (tensor.is_constant()) crc = crc32(*tensor.data, crc);
    }
    return fmt::format("{:08x}", crc);
}

}  // namespace thimble
