// Elements of what a pipeline gave.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <span>

namespace thimble {

// A value of a decision's label or score, as a real number where it has a scale.
double real_value(const Tensor& tensor, std::span<const uint8_t> bytes, int64_t index);

}  // namespace thimble
