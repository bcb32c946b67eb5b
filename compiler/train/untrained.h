// A project before its training: networks of first weights stand in for those that are not there
// yet, so that `inspect`, `boards` and `profile` say what the layers cost before anybody waits for
// them. Sizes and work are those of the trained network; what it decides means nothing.
//
// Tested by tests/unit/train/untrained_test.cc.
#pragma once

#include "project/project_file.h"

#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

// Whether every stage with `layers` has its models.
bool is_trained(const ProjectFile& file);

// The project with stand-ins, written into `folder`, for the models of stages `network` and
// `seq2seq` that have `layers` and lack a file. Their ranges are those of random samples. `notes`
// gets a sentence on each. Throws T0106 for layers that do not fit each other.
ProjectFile with_stand_ins(const ProjectFile& file, const std::filesystem::path& folder,
                           std::vector<std::string>& notes);

}  // namespace thimble
