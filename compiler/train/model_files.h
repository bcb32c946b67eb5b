// Where the files of a training stand, and what a checkpoint must have in common with it.
#pragma once

#include "evaluate/samples.h"
#include "project/project_file.h"
#include "quantize/quantize.h"
#include "train/text_pairs.h"

#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

struct ModelFiles {
    std::filesystem::path model;        // NAME.tflite, of the stage's key `model`
    std::filesystem::path float_model;  // NAME.float.tflite beside it
    std::filesystem::path checkpoint;   // training/NAME.checkpoint in the project's folder
    std::filesystem::path history;      // training/NAME.json
    std::filesystem::path qat_checkpoint, qat_history;  // NAME.qat.*, of the epochs with integers
};

// `model`: what the project names. `output`: a folder for the models instead of the project's;
// empty: none.
ModelFiles model_files(const ProjectFile& file, const std::filesystem::path& model,
                       const std::string& output);

// Changes when data, layers or settings do that a checkpoint depends on; not with the number of
// epochs.
std::string fingerprint(const ProjectFile& file, const SampleSet& set);
std::string fingerprint(const ProjectFile& file, const std::vector<TextPair>& pairs);
// The same for the epochs with integers: their number, rate, scheme and calibration count, too.
std::string qat_fingerprint(const ProjectFile& file, const SampleSet& set);
std::string qat_fingerprint(const ProjectFile& file, const std::vector<TextPair>& pairs);

// What epochs with integers begin from: changes with any weight, range or precision.
std::string origin_of(const std::vector<const Quantized*>& networks);

}  // namespace thimble
