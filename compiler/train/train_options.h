// The table [train] of a project file.
#pragma once

#include "project/project_file.h"

#include <cstdint>
#include <string>

namespace thimble {

struct TrainOptions {
    int64_t epochs = 50;
    int64_t batch = 32;
    double rate = 1e-3;
    std::string optimizer = "adam";
    double decay = 0;
    double momentum = 0.9;
    std::string schedule = "constant";
    std::string loss = "auto";
    int64_t patience = 0;  // 0: all epochs run
    double validation = 0.1;
    bool balanced = false;  // every label counts the same
    double clip = 0;        // 0: any norm
    double sampling = 0;    // of a seq2seq: its own symbols, share in the last epoch
    uint64_t seed = 1;
    int64_t calibration = 300;
    int64_t qat_epochs = 0;
    double max_drop = 1;  // points of accuracy
};

TrainOptions train_options(const ProjectFile& file);

// The rate of an epoch, counted from 0.
double rate_of(const TrainOptions& options, int64_t epoch);

}  // namespace thimble
