// The section [data] of a project file as the options of data/dataset.h, and what [train] says of
// the recordings.
//
// Tested by tests/unit/project/data_section_test.cc.
#pragma once

#include "data/augment.h"
#include "data/dataset.h"
#include "project/project_file.h"

namespace thimble {

// Throws T0106 when the project has no [data], or a value of it makes no sense.
DataOptions data_options(const ProjectFile& file);

// `augment` of [train]; no copies without it. Throws T0106 for a project of texts.
AugmentOptions augment_options(const ProjectFile& file);

// Index of the stage where the recordings enter the chain (`at`); 0: the input. Throws T0106 for a
// stage that the project does not have.
size_t entry_stage(const ProjectFile& file);

// Index of the stage that is trained, the first `network` or `seq2seq`. Throws T0106 without one.
size_t trained_stage(const ProjectFile& file);

// The names that the decision behind it gives, in the order of the network's values; empty when it
// has none. Labels that a later stage adds (`otherwise`) stand behind.
struct DecisionLabels {
    std::vector<std::string> names;
    size_t values = 0;  // of them are the network's
};
DecisionLabels decision_labels(const ProjectFile& file);

}  // namespace thimble
