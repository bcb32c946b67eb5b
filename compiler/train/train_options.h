// The table [train] of a project file.
#pragma once

#include "project/project_file.h"

#include <cstdint>
#include <string>

namespace thimble {

struct TrainOptions {
    int64_t epochs, batch;
    double rate;
    std::string optimizer;
    double decay, momentum;
    std::string schedule, loss;
    int64_t patience;  // 0: all epochs run
    double validation;
    bool balanced;    // every label counts the same
    double clip;      // 0: any norm
    double average;   // share that the mean of the weights keeps in a step; 0: no mean
    double sampling;  // of a seq2seq: its own symbols, share in the last epoch
    uint64_t seed;
    int64_t calibration, qat_epochs;
    double qat_rate;
    double max_drop;                     // points of accuracy
    int64_t mask_rows, mask_channels;    // of `augment`: hidden at most
    int64_t shift_rows, shift_channels;  // of `augment`: moved by at most
};

TrainOptions train_options(const ProjectFile& file);

// The rate of an epoch, counted from 0.
double rate_of(const TrainOptions& options, int64_t epoch);

}  // namespace thimble
