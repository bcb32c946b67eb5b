// Statistics of a window, channel by channel (features.cc).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace thimble {

// The numbers are those of device/kernels/features.h.
enum class Feature : uint8_t {
    mean,
    std,
    min,
    max,
    rms,
    zero_crossings,
    mean_abs_difference,
    energy,
};

constexpr std::string_view kFeatureNames[] = {
    "mean", "std", "min", "max", "rms", "zero_crossings", "mean_abs_difference", "energy"};

struct FeaturesAttributes {
    std::vector<Feature> list;
    bool operator==(const FeaturesAttributes&) const = default;
};

}  // namespace thimble
