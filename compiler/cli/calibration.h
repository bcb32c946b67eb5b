// --calibration of `quantize`: files to runs of a model's inputs, with labels where the files say
// them.
//
// Each input takes its values from files of its own (NAME=FILE), or all files belong to the model's
// only input. The values of a file's recordings follow each other; a run takes as many as the input
// has elements: a row of a table, an image of an array, a window of a sound.
//
// Tested by tests/scripts/quantize_test.sh.
#pragma once

#include "quantize/network.h"

#include <string>
#include <vector>

namespace thimble {

struct CalibrationOptions {
    std::vector<std::string> files;   // "FILE" or "NAME=FILE"
    std::string labels;               // "", "beside", "file", "folder", "column:NAME"
    std::string classes;              // "a,b,c": names of the output's elements, in their order
    double subtract = 0, divide = 1;  // (x - subtract) / divide, of float inputs
    double rate_hz = 0;               // sounds are brought to it
    int64_t runs_max = 0;
};

struct Calibration {
    std::vector<CalibrationRun> runs;
    std::vector<int> labels;         // of each run; empty: not known
    std::vector<std::string> notes;  // said to the user
};

// Throws T0004 (names), T0101, T0105 (a file that does not fit, with its place).
Calibration read_calibration(const Graph& graph, const CalibrationOptions& options);

}  // namespace thimble
