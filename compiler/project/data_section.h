// The section [data] of a project file as the options of data/dataset.h.
//
// Tested by tests/unit/project/data_section_test.cc.
#pragma once

#include "data/dataset.h"
#include "project/project_file.h"

namespace thimble {

// Throws T0106 when the project has no [data], or a value of it makes no sense.
DataOptions data_options(const ProjectFile& file);

// Index of the stage where the recordings enter the chain (`at`); 0: the input. Throws T0106 for a
// stage that the project does not have.
size_t entry_stage(const ProjectFile& file);

}  // namespace thimble
