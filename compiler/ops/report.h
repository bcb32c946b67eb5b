// Which decisions are reported: attributes of the operator `report`.
#pragma once

#include <cstdint>
#include <vector>

namespace thimble {

struct ReportAttributes {
    std::vector<int64_t> silent;  // labels that are never reported
    int64_t pause = 0;            // decisions that are passed over behind a reported one
};

}  // namespace thimble
