#include "ops/evaluate.h"

#include "base/error.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

Evaluator::Evaluator(const Graph& graph, Match match)
    : graph_(graph), match_(match), values_(graph.tensors.size())
{
    for (size_t id = 0; id < graph.tensors.size(); ++id) {
        const Tensor& tensor = graph.tensors[id];
        if (tensor.kind == TensorKind::constant) values_[id] = *tensor.data;
    }
    reset();
}

void Evaluator::reset()
{
    for (size_t id = 0; id < graph_.tensors.size(); ++id)
        if (graph_.tensors[id].kind == TensorKind::state) values_[id] = *graph_.tensors[id].data;
}

void Evaluator::begin_sequence()
{
    for (size_t id = 0; id < graph_.tensors.size(); ++id)
        if (graph_.tensors[id].per_sequence) values_[id] = *graph_.tensors[id].data;
}

void Evaluator::set_input(size_t index, std::span<const uint8_t> bytes)
{
    const TensorId id = graph_.inputs.at(index);
    THIMBLE_CHECK(static_cast<int64_t>(bytes.size()) == graph_.tensor(id).bytes(),
                  graph_.tensor(id).name);
    values_[static_cast<size_t>(id)].assign(bytes.begin(), bytes.end());
}

void Evaluator::set_state(TensorId id, std::span<const uint8_t> bytes)
{
    THIMBLE_CHECK(graph_.tensor(id).kind == TensorKind::state &&
                      static_cast<int64_t>(bytes.size()) == graph_.tensor(id).bytes(),
                  graph_.tensor(id).name);
    values_[static_cast<size_t>(id)].assign(bytes.begin(), bytes.end());
}

void Evaluator::run(EvalBudget* budget, BodyObserver* observer)
{
    for (const Node& node : graph_.nodes) {
        for (const TensorId id : node.outputs)
            if (graph_.tensor(id).kind == TensorKind::activation)
                values_[static_cast<size_t>(id)].assign(
                    static_cast<size_t>(graph_.tensor(id).bytes()), 0);
        EvalContext context(graph_, node, values_, match_, budget, observer);
        node.op->eval(context);
    }
}

BodyEvaluator::BodyEvaluator(EvalContext& outer, const Graph& body, size_t first,
                             EvalBudget* budget)
    : outer_(outer), graph_(body), first_(first), budget_(budget), body_(body, outer.match)
{
    for (size_t i = 0; i < body.inputs.size(); ++i) {
        const std::span<const uint8_t> bytes = outer.in_bytes(first + i);
        if (static_cast<int64_t>(bytes.size()) == body.tensor(body.inputs[i]).bytes())
            body_.set_input(i, bytes);
    }
}

void BodyEvaluator::run()
{
    if (budget_) budget_->nodes_left -= static_cast<int64_t>(graph_.nodes.size()) + 1;
    require(!budget_ || budget_->nodes_left >= 0, ErrorCode::T0207,
            {fmt::format("loop '{}'", outer_.node.name),
             fmt::format("did not end after {} evaluations of a layer", EvalBudget{}.nodes_left),
             "a loop that ends", "bound the loop by a constant number of steps"});
    // Another body, or a nested one, may have written the state since the last run.
    const auto is_state = [&](size_t i) {
        return graph_.tensor(graph_.inputs[i]).kind == TensorKind::state;
    };
    for (size_t i = 0; i < graph_.inputs.size(); ++i)
        if (is_state(i)) body_.set_state(graph_.inputs[i], outer_.in_bytes(first_ + i));
    if (outer_.observer) outer_.observer->enter(outer_.node, graph_);
    body_.run(budget_, outer_.observer);
    if (outer_.observer) outer_.observer->leave(body_);
    for (size_t i = 0; i < graph_.inputs.size(); ++i)
        if (is_state(i))
            std::ranges::copy(body_.value(graph_.inputs[i]),
                              outer_.state_bytes(first_ + i).begin());
}

}  // namespace thimble
