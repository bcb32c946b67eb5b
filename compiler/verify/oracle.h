// The oracle: evaluates a graph as it was imported, before any pass, one operator after another.
//
// It is the judge of everything the compiler makes. Slow and obvious; it shares no code with
// lowering, passes or the device kernels.
#pragma once

#include "ir/graph.h"
#include "ops/eval.h"

#include <cstdint>
#include <span>
#include <vector>

namespace thimble {

class Oracle {
public:
    // Keeps a reference to `graph`, all of whose nodes must be supported.
    Oracle(const Graph& graph, Match match);
    // State tensors get their initial values again.
    void reset();
    // Only those that belong to one sequence do.
    void begin_sequence();
    // `bytes` of graph input `index`, exactly Tensor::bytes() of them.
    void set_input(size_t index, std::span<const uint8_t> bytes);
    void run();
    // Value of any tensor after run(); of a state tensor: its present value.
    std::span<const uint8_t> value(TensorId id) const
    {
        return values_.at(static_cast<size_t>(id));
    }
    std::span<const uint8_t> output(size_t index) const { return value(graph_.outputs.at(index)); }

private:
    const Graph& graph_;
    Match match_;
    std::vector<std::vector<uint8_t>> values_;
};

}  // namespace thimble
