// Layers that treat every element, or every row, by itself.
#pragma once

#include "ir/graph.h"

#include <cstdint>

namespace thimble {

// The operator treats every element alike, with one or two inputs that may broadcast.
bool is_element_wise(const Node& node);
// The operator works along the last axis, and on each place of the others by itself.
bool is_along_last_axis(const Node& node);
// A constant operand is the same at every step when it does not stretch along the time axis of
// `out`.
bool constant_in_time(const Tensor& operand, const Tensor& out, int64_t axis);

}  // namespace thimble
