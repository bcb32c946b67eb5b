// The body of a re-rolled loop: one step as a graph of its own, with the scales of every turn.
#include "ops/by_turn.h"
#include "ops/new_node.h"
#include "ops/op.h"
#include "passes/reroll.h"

#include <algorithm>

namespace thimble {

const Tensor& Reroll::value_at(size_t turn, Value v) const
{
    const size_t before = begin_ == Begin::first_copy ? 0 : 1;
    return graph_.tensor(value(first_ + std::max(turn, before) - before, v));
}

// The state that a turn starts from. A first step that is a branch starts from none.
const Tensor& Reroll::state_at(size_t turn, size_t carried) const
{
    const size_t before = begin_ == Begin::first_copy ? 0 : 1;
    return turn <= before ? graph_.tensor(initial_[carried])
                          : value_at(turn - 1, carried_[carried]);
}

// Gives a tensor of the body the scales of `at(turn)`, unless they are all the same.
template <typename At>
void Reroll::set_scales(Tensor& tensor, const At& at) const
{
    if (scales_ == Scales::equal) return;
    TurnValues values;
    bool same = true;
    for (size_t turn = 0; turn < trip_count_; ++turn) {
        values.quant.push_back(at(turn).quant);
        same = same && same_quant(values.quant.back(), values.quant[0]);
    }
    if (same) tensor.quant = values.quant[0];
    else tensor.by_turn = std::make_shared<const TurnValues>(std::move(values));
}

// In the first turn the branch of the first step runs, so that the scales of the others are free
// there. A new state takes what the old one has a turn later, and values with a state's scales do
// as it does: so there are fewer different tables (plan/join_tables.h).
void Reroll::set_unused_scales(Body& made) const
{
    for (size_t k = 0; k < carried_.size(); ++k) {
        const Tensor& state = made.graph.tensor(made.values.at(carried_[k]));
        const Quantization& initial = graph_.tensor(initial_[k]).quant;
        if (!state.by_turn || state.by_turn->quant.empty() || !initial.present()) continue;
        const std::vector<Quantization> used = state.by_turn->quant;
        auto values = std::make_shared<TurnValues>(*state.by_turn);
        values->quant[0] = initial;
        for (const auto& [v, id] : made.values) {
            Tensor& tensor = made.graph.tensor(id);
            const bool same = tensor.by_turn && tensor.by_turn->data.empty() &&
                              std::ranges::equal(tensor.by_turn->quant, used, same_quant);
            if (same) tensor.by_turn = values;
        }
    }
}

// Gives a constant of the body, input `input` of place `place`, the data of every turn.
void Reroll::set_data(Tensor& tensor, size_t place, size_t input) const
{
    const size_t before = begin_ == Begin::first_copy ? 0 : 1;
    TurnValues values;
    bool same = true;
    for (size_t turn = 0; turn < trip_count_; ++turn) {
        const size_t step = first_ + std::max(turn, before) - before;
        const TensorId id = node(step, place).inputs[input];
        values.data.push_back(graph_.tensor(id).data);
        same = same && *values.data.back() == *values.data[0];
    }
    if (!same) tensor.by_turn = std::make_shared<const TurnValues>(std::move(values));
}

// One step as a graph of its own. Inputs and outputs as control.h says.
Graph Reroll::body()
{
    Body made;
    Graph& body = made.graph;
    const auto input = [&](Tensor tensor) {
        tensor.kind = TensorKind::activation;
        tensor.data = nullptr;
        body.inputs.push_back(body.add_tensor(std::move(tensor)));
        return body.inputs.back();
    };
    for (const Sequence& sequence : sequences_) {
        Tensor slice = graph_.tensor(sequence.root);
        slice.shape[sequence.axis] = 1;
        made.slices.push_back(input(std::move(slice)));
    }
    for (size_t k = 0; k < carried_.size(); ++k) {
        made.states.push_back(input(graph_.tensor(value(first_, carried_[k]))));
        set_scales(body.tensor(made.states.back()),
                   [&](size_t turn) -> const Tensor& { return state_at(turn, k); });
    }
    for (const TensorId id : captured_) made.captures.push_back(input(graph_.tensor(id)));
    for (size_t p = 0; p < operands_.size(); ++p)
        for (size_t o = 0; o < node(reference_, p).outputs.size(); ++o)
            made.values[{p, o}] = body.add_tensor(graph_.tensor(value(reference_, {p, o})));
    for (const auto& [key, id] : made.values) {
        const Value& v = key;  // Clang does not capture the parts of a binding.
        set_scales(body.tensor(id),
                   [&](size_t turn) -> const Tensor& { return value_at(turn, v); });
    }
    if (begin_ == Begin::branch) set_unused_scales(made);
    for (size_t p = 0; p < operands_.size(); ++p) {
        Node copy = node(reference_, p);
        for (size_t i = 0; i < copy.inputs.size(); ++i)
            copy.inputs[i] = operand_in(made, p, i, copy.inputs[i]);
        for (size_t o = 0; o < copy.outputs.size(); ++o) copy.outputs[o] = made.values.at({p, o});
        body.nodes.push_back(std::move(copy));
    }
    for (const Value& v : carried_) body.outputs.push_back(made.values.at(v));
    for (size_t k = 0; k < stacked_.size(); ++k) {
        const TensorId id = made.values.at(stacked_[k]);
        Shape shape = graph_.tensor(stacks_[k].whole).shape;
        shape[stacks_[k].axis] = 1;
        body.nodes.push_back(new_reshape(body, id, shape, body.tensor(id).name + "_slice"));
        body.outputs.push_back(body.nodes.back().outputs[0]);
    }
    THIMBLE_CHECK(sort_nodes(body), "a step that waits for itself");
    if (begin_ != Begin::branch) return body;
    std::map<TensorId, TensorId> captures;
    for (size_t k = 0; k < captured_.size(); ++k) captures[captured_[k]] = made.captures[k];
    Graph first = first_step_graph(graph_, *first_step_, body, captures);
    return branched_body(std::move(first), std::move(body), sequences_.size(), carried_.size());
}

// What stands in the body for input `i` of place `p`, which is `id` in the graph.
TensorId Reroll::operand_in(Body& made, size_t p, size_t i, TensorId id)
{
    const Operand& operand = operands_[p][i];
    const Value v = {operand.place, operand.output};
    switch (operand.source) {
    case Operand::absent:
        return kNoTensor;
    case Operand::constant:
        if (!made.constants.count(id))
            made.constants[id] = made.graph.add_tensor(graph_.tensor(id));
        return made.constants[id];
    case Operand::changing_constant: {
        Tensor constant = graph_.tensor(id);
        set_data(constant, p, i);
        return made.graph.add_tensor(std::move(constant));
    }
    case Operand::captured:
        return made.captures[captured_index_[{p, i}]];
    case Operand::same_step:
        return made.values.at(v);
    case Operand::previous_step:
        return made.states[static_cast<size_t>(std::ranges::find(carried_, v) - carried_.begin())];
    case Operand::sequence:
        break;
    }
    const Shape& shape = graph_.tensor(id).shape;
    const std::pair<size_t, Shape> key = {operand.index, shape};
    TensorId& known = made.shaped.try_emplace(key, kNoTensor).first->second;
    if (known == kNoTensor) {
        const TensorId slice = made.slices[operand.index];
        const std::string name = made.graph.tensor(slice).name + "_step";
        made.graph.nodes.push_back(new_reshape(made.graph, slice, shape, name));
        known = made.graph.nodes.back().outputs[0];
    }
    return known;
}

}  // namespace thimble
