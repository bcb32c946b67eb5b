// Where the elements of a tensor come from, or go to, through nodes that only move elements.
//
// The operators themselves are asked: their eval is run on the numbers 0, 1, 2, ... in place of the
// data, and what comes out are places. So slices, unpacks, gathers, transposes, reversals and
// reshapes need no code of their own here.
#pragma once

#include "ir/graph.h"
#include "passes/links.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace thimble {

using Places = std::vector<int32_t>;

// One element each of a tensor that lies in another: element i is element `places[i]` of `root`.
struct Origin {
    TensorId root = kNoTensor;
    Places places;
};

// Part of `root` that holds everything at one position of one axis, in row-major order.
struct AxisSlice {
    size_t axis = 0;
    int64_t position = 0;
    bool operator==(const AxisSlice&) const = default;
};
// All slices of `shape` that `places` is: a row of a [1, 5, 3] tensor is one of axis 1 alone, but
// every element of a [1, 1] tensor is one of both.
std::vector<AxisSlice> axis_slices(const Places& places, const Shape& shape);

class Movements {
public:
    Movements(const Graph& graph, const Links& links) : graph_(graph), links_(links) {}

    // Every tensor of which `id` is a part, by way of moving nodes: the nearest first.
    std::vector<Origin> origins(TensorId id);
    // What the moving node makes of its input 0, 1, ...: for every element of output `output` the
    // number of its input among `data_inputs` and the place there; empty when it does not move.
    struct Joined {
        std::vector<size_t> inputs;  // places in node.inputs that hold data
        Places from;                 // for each output element: index into `inputs`
        Places places;
    };
    std::optional<Joined> joined(const Node& node, size_t output);

private:
    const std::vector<Places>* moved(size_t node_index);
    const Graph& graph_;
    const Links& links_;
    std::map<size_t, std::vector<Places>> moved_;  // by node: places of every output; empty: none
};

}  // namespace thimble
