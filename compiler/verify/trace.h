// Tensors inside of branches: where the program has them, and where the imported graph does.
//
// Tested by tests/unit/verify/ticks_test.cc.
#pragma once

#include "ir/program.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace thimble {

// A tensor of a graph, or of a body in it. `path`: the bodies around it, outermost first, each as
// the first output of the node that holds it and the number of the body (ops/control.h).
struct TracePoint {
    std::vector<std::pair<TensorId, int>> path;
    TensorId tensor = kNoTensor;
};

// The imported graph's own tensor that tensor `id` of the program's graph stands for; nothing when
// a pass made it, or when it lies in a loop.
std::optional<TracePoint> trace_point(const Graph& imported, const Program& program, TensorId id);

// The graph or body that holds the point's tensor, and the layers around it: "if_1 / ".
struct TracePlace {
    const Graph* graph = nullptr;
    std::string prefix;
};
TracePlace place_of(const Graph& imported, const TracePoint& point);

}  // namespace thimble
