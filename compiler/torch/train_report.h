// What `thimble train` says at its end: the models that it wrote, and what they are worth.
#pragma once

#include "evaluate/confusion.h"
#include "quantize/quantize.h"
#include "train/history.h"
#include "train/train_options.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

// One form of what was trained, and what it makes of the samples that are held out.
struct ModelRow {
    std::string scheme;
    Score score;                               // without loss
    std::optional<Confusion> confusion;        // of labels
    std::vector<std::filesystem::path> files;  // none: only measured

    int64_t bytes() const;  // of the files
};

struct TrainReport {
    History history;
    std::filesystem::path history_file;
    std::optional<History> qat;  // of the epochs with the device's integers
    std::filesystem::path qat_history_file;
    std::vector<ModelRow> models;    // float first
    std::vector<LayerError> layers;  // of the last model, against float, as it was rounded
    std::vector<std::string> warnings;
    bool shares = true;  // scores are shares of right answers; else mean square errors
    std::string next;    // command
};

// Adds a warning when the last model is right less often than the first one by more than `max_drop`
// points. `finer`: a scheme that loses less. `worst_layer`: behind it, empty where it is not known.
void warn_of_drop(TrainReport& report, const TrainOptions& options, const std::string& finer,
                  const std::string& worst_layer);

void print_report(const TrainReport& report, bool as_json);

}  // namespace thimble
