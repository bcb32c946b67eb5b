// The mean of the last results of a stream: attributes of the operator `smooth`.
#pragma once

#include <cstdint>

namespace thimble {

struct SmoothAttributes {
    int64_t results = 1;  // that the mean is taken of at most: rows of the state
    bool operator==(const SmoothAttributes&) const = default;
};

constexpr int64_t kSmoothResultsMax = 1000;

}  // namespace thimble
