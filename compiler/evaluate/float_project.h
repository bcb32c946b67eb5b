// The float networks that stand beside the quantised ones: NAME.float.tflite beside NAME.tflite.
//
// Tested by tests/unit/evaluate/float_project_test.cc.
#pragma once

#include "project/project_file.h"

#include <filesystem>

namespace thimble {

// "gesture.float.tflite" beside "gesture.tflite" where it exists; `model` itself where that is a
// float network already. Throws T0101 when `model` is quantised and nothing lies beside it.
std::filesystem::path float_model(const std::filesystem::path& model);

// The same project with the float networks in place of its own.
ProjectFile float_project(const ProjectFile& file);

}  // namespace thimble
