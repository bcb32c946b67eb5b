// The part of a graph that can run one time step after another (stream_time.cc).
//
// A tensor has a time axis when its memory is T rows, one a step: the sizes before the axis are 1.
// A region is a set of nodes that compute row t of their outputs from rows t of their inputs,
// constants, and what recurrent layers carry from step to step.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <set>
#include <vector>

namespace thimble {

// The axis of `steps` sizes in front of which all sizes are 1; -1 when there is none.
int64_t time_axis(const Shape& shape, int64_t steps);

// A layer behind the region that needs the sequence no more than step by step.
struct RegionEnd {
    enum class Kind {
        last_row,  // copies the last row: only that is carried
        dense,     // a dense layer over the flattened sequence: running sums
    };
    Kind kind;
    TensorId sequence;           // of the region
    size_t node;                 // the layer
    std::vector<size_t> passed;  // nodes between, which only change the shape
};

struct TimeRegion {
    int64_t steps = 0;
    std::vector<size_t> nodes;        // in order
    std::vector<TensorId> sequences;  // with a time axis, read from outside; constants too
    std::vector<TensorId> stacked;    // of the region, read outside as a whole
    std::vector<RegionEnd> ends;
};

// The region around node `seed`, a forward recurrent layer of one batch or a scan; without nodes
// when it is none of them.
TimeRegion find_time_region(const Graph& graph, size_t seed);

// Inputs of a recurrent layer that are the initial values of a state that it hands on as outputs.
std::vector<size_t> initial_state_inputs(const Graph& graph, const Node& node);

// The node only moves elements: the place in input 0 of each element of its output. Empty for other
// nodes, and when another input is no constant.
std::vector<int64_t> moved_elements(const Graph& graph, const Node& node);

}  // namespace thimble
