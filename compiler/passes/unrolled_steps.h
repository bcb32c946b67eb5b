// Finds the copies of one step in a graph whose loop over time was written out.
//
//   x0 -> dense(W) -> add -> tanh -> dense(U) -> add -> tanh -> ...     time ->
//         x1 -> dense(W) ------------------------^
//
// 1. An anchor: nodes of one function with the same constants of which each depends on the one
//    before, as the product with the recurrent weights does in every cell.
// 2. From two neighbouring anchors backwards in lock-step, nodes of one form are paired: what leads
//    to anchor k + 1 is the copy, one step later, of what leads to anchor k. Last, the nodes of the
//    final step, which lead to no anchor, are paired with those one step earlier.
// 3. A node belongs to the step of the newest anchor that it depends on, and what depends on none
//    to the step that uses it first; then nodes move to the next step as long as fewer bytes cross
//    from step to step (the product with h rather than h itself would be kept otherwise).
// Copies that were quantised one by one differ in their scales, and in biases, which are stored in
// units of scales: with Scales::any they are copies all the same.
// Nothing here is proven: reroll_unrolled checks every edge of what it gets, and the numbers.
// Tested by tests/unit/passes/reroll_unrolled_test.cc.
#pragma once

#include "ir/graph.h"
#include "passes/links.h"

#include <cstddef>
#include <set>
#include <vector>

namespace thimble {

enum class Scales { equal, any };

struct UnrolledSteps {
    std::vector<std::vector<size_t>> nodes;  // [step][place in the step]: index in Graph::nodes
    TensorId anchor = kNoTensor;  // what the first anchor writes, to know the group again
};

// The next candidate whose anchor is not in `tried`; empty `nodes` when there is none. Adds the
// anchors that it looked at to `tried`.
UnrolledSteps find_unrolled_steps(const Graph& graph, const Links& links, Scales scales,
                                  std::set<TensorId>& tried);
// A constant that may be another one in every copy: the bias of a layer with Scales::any.
bool may_differ(const Tensor& constant, Scales scales);

}  // namespace thimble
