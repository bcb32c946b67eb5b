// Numbers into the range that a network was trained with (normalize.cc).
#pragma once

#include "ir/graph.h"

#include <limits>
#include <vector>

namespace thimble {

//   u = clamp(x / divide, lowest, highest) + add,  y = u / scale
//
// `whole`: integers stay integers, y = u, in the first of int8, int16, int32 that holds them all.
// divide, add and scale: one value, or one for each element of the last axis.
struct NormalizeAttributes {
    std::vector<double> divide = {1};
    double lowest = -std::numeric_limits<double>::infinity();
    double highest = std::numeric_limits<double>::infinity();
    std::vector<double> add = {0};
    std::vector<double> scale = {1};
    bool whole = false;
    bool operator==(const NormalizeAttributes&) const = default;
};

// Whether a normalize node with integer input and float32 output can give the quantised `out` in
// its place with integer arithmetic alone, and the same bits for every input.
bool normalizes_in_integers(const Graph& graph, const Node& node, const Tensor& out);

}  // namespace thimble
