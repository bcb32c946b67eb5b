// What `thimble train` was asked for. Two programs have the command: `thimble` starts
// `thimble-train`, which links libtorch and does it.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>

namespace thimble {

struct TrainCommand {
    std::string project;
    bool resume = false;
    int64_t epochs = 0;  // 0: as the project says
    std::string output;  // folder of the models; empty: where the project has them
};

// Throws what reading the project and its data throws, T0107 and T0108; T0401 without the trainer.
Exit train_project(const TrainCommand& command, bool as_json);

}  // namespace thimble
