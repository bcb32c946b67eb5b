// The first step of a loop that was written out, in the form that the converter gave it.
//
// Converters fold what a zero state leads to, so that the first step has other operators than its
// successors. Where it cannot be had from them by starting at zero, because its scales or its
// rounding are other ones, the loop's body gets it as a branch:
//
//   turn 0: the nodes that compute the first values from the first row; later turns: the step
//
// Tested by tests/unit/passes/reroll_unrolled_test.cc.
#pragma once

#include "ir/graph.h"
#include "passes/links.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace thimble {

struct FirstStep {
    std::vector<size_t> nodes;           // in their order
    std::map<TensorId, size_t> slices;   // what they read of a sequence's first row: which sequence
    std::vector<TensorId> captured;      // what else they read that is no constant
    std::vector<TensorId> results;
};

// What leads to `results`, or nothing: when that is more than `nodes_max` nodes, or reaches into
// `steps`, or reads no sequence. `sequence_of` says of which sequence a tensor is the first row.
std::optional<FirstStep> find_first_step(
    const Graph& graph, const Links& links, std::vector<TensorId> results,
    const std::set<size_t>& steps, size_t nodes_max,
    const std::function<std::optional<size_t>(TensorId)>& sequence_of);

// The step as a branch with the inputs and outputs of `step`, whose first inputs are the slices.
// `captures`: what inputs of `step` stand for in `graph`.
Graph first_step_graph(const Graph& graph, const FirstStep& first, const Graph& step,
                       const std::map<TensorId, TensorId>& captures);

// A body that runs `first` where its input `is_first` is true and `step` otherwise. Inputs and
// outputs are those of `step`, with `is_first` behind the `carried` ones.
Graph branched_body(Graph first, Graph step, size_t sequences, size_t carried);

}  // namespace thimble
