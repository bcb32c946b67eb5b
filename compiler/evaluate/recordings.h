// The recordings of a project as its stages take them: samples, labels by number, places.
//
// Tested by tests/unit/evaluate/samples_test.cc.
#pragma once

#include "data/dataset.h"
#include "project/data_section.h"
#include "verify/ticks.h"

#include <string>
#include <vector>

namespace thimble {

struct ProjectData {
    Dataset dataset;
    size_t entry = 0;                 // stage where the recordings enter
    std::vector<std::string> labels;  // those of the decision; without any, those that were found
    size_t trained = 0;               // the first of them are the network's values
    std::vector<int> label;           // of each recording, index into `labels`; -1: it has none
};

// Throws what reading the files throws, T0105 for a label that the decision does not know.
ProjectData load_project_data(const ProjectFile& file);

// One recording for the tick graph that begins where recordings enter. Throws T0105, with the line,
// when shape or values do not fit.
RawRecording raw_recording(const Recording& recording, const Graph& graph);

}  // namespace thimble
