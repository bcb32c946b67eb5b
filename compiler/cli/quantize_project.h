// A project's trained float networks in other numbers, calibrated and tested with its recordings.
//
// The recordings go through the project's own stages, as in training: what the ranges are taken
// from is what the network will see on the device. It gives the numbers that training
// wrote, where that did not train on in integers.
//
// Tested by tests/scripts/quantize_test.sh.
#pragma once

#include "project/project_file.h"
#include "quantize/quantize.h"
#include "train/history.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct QuantizedPart {
    std::filesystem::path source;  // the float model
    std::filesystem::path file;    // where its integers are to be written
    Quantized result;
    int64_t runs = 0;  // that it was calibrated with
};

struct QuantizedProject {
    std::vector<QuantizedPart> parts;  // the network; or encoder and decoder
    // On the recordings that are held out, where there are any; `shares`: of right answers.
    std::optional<Score> in_float, in_integers;
    bool shares = true;
    std::vector<std::string> notes;  // said to the user
};

struct ProjectQuantization {
    QuantizeOptions how;
    int64_t runs = 0;    // at most; 0: as [train] says
    std::string output;  // a .tflite file or a folder; of a seq2seq a folder
    // "features of 7 of 100 recordings"
    std::function<void(const std::string&)> progress;
};

// The scheme that the stage to quantise names; int8 where that is float32.
Scheme scheme_of(const ProjectFile& file);

// The files that will be written. Throws T0004 for an output that does not fit.
std::vector<std::filesystem::path> quantized_files(const ProjectFile& file,
                                                   const std::string& output);

// Writes the models, and tests them. Throws what reading the project, its recordings and its models
// throws; T0101 where there is no float model, T0106 for a seq2seq that thimble did not train.
QuantizedProject quantize_project(const ProjectFile& file, const ProjectQuantization& wanted);

}  // namespace thimble
