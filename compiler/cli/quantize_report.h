// What `thimble quantize` says at its end: sizes, the error of each layer, accuracy.
#pragma once

#include "cli/quantize_project.h"

#include <string>
#include <vector>

namespace thimble {

struct QuantizeReport {
    std::string scheme;
    QuantizedProject models;  // of a single model one part
    std::vector<std::string> warnings;
    std::string next;  // command
};

void print_report(const QuantizeReport& report, bool as_json);

}  // namespace thimble
