// Evaluates a graph, one operator after another, with every operator's eval.
//
// The oracle is made of this; scan, while and if run their bodies with it, and passes compare
// graphs with it. Slow and obvious; it shares no code with lowering, passes or the device kernels.
#pragma once

#include "ir/graph.h"
#include "ops/eval.h"

#include <cstdint>
#include <span>
#include <vector>

namespace thimble {

class Evaluator;

// Sees the bodies (control.h) that a run evaluates, while their values are there.
class BodyObserver {
public:
    virtual ~BodyObserver() = default;
    // `body` of `node` begins; what follows until `leave` happens inside of it.
    virtual void enter(const Node& node, const Graph& body) = 0;
    virtual void leave(const Evaluator& body) = 0;
};

class Evaluator {
public:
    // Keeps a reference to `graph`, all of whose nodes must be supported.
    Evaluator(const Graph& graph, Match match);
    // State tensors get their initial values again.
    void reset();
    // Only those that belong to one sequence do.
    void begin_sequence();
    // `bytes` of graph input `index`, exactly Tensor::bytes() of them.
    void set_input(size_t index, std::span<const uint8_t> bytes);
    // Throws T0207 when a `while` does not end within an EvalBudget. Inside of the body of one,
    // `budget` is what it has left.
    void run(EvalBudget* budget = nullptr, BodyObserver* observer = nullptr);
    // Value of any tensor after run(); of a state tensor: its present value.
    std::span<const uint8_t> value(TensorId id) const
    {
        return values_.at(static_cast<size_t>(id));
    }
    std::span<const uint8_t> output(size_t index) const { return value(graph_.outputs.at(index)); }
    // Overwrites the present value of a state tensor.
    void set_state(TensorId id, std::span<const uint8_t> bytes);

private:
    const Graph& graph_;
    Match match_;
    std::vector<std::vector<uint8_t>> values_;
};

// Runs a body (control.h) for a node that holds it. States are those of the outer graph.
class BodyEvaluator {
public:
    // Body input i stands for node input first + i. With a budget every run is charged.
    BodyEvaluator(EvalContext& outer, const Graph& body, size_t first, EvalBudget* budget);
    // For inputs that change from step to step; the others are set once, from the node's inputs.
    void set_input(size_t index, std::span<const uint8_t> bytes) { body_.set_input(index, bytes); }
    // Throws T0207 when the budget is spent.
    void run();
    std::span<const uint8_t> output(size_t index) const { return body_.output(index); }

private:
    EvalContext& outer_;
    const Graph& graph_;
    size_t first_;
    EvalBudget* budget_;
    Evaluator body_;
};

}  // namespace thimble
