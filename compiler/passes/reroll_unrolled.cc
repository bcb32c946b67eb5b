// A loop over time that the converter wrote out becomes one scan.
//
//   before:  x -> unpack -> x0, x1, x2;  h0 = f(x0, z, W);  h1 = f(x1, h0, W);  h2 = f(x2, h1, W);
//            y = pack(h0, h1, h2)
//   after:   y = scan(x, z) { h' = f(x_t, h, W) }
//
// unrolled_steps.h proposes the copies of a step. Here every edge of every copy is checked: an
// operand is made in the same step, or in the step before (then it is carried), or is one constant
// or tensor for all steps (captured), or is the slice of one tensor at the step's place (a
// sequence). The longest run of steps for which that holds is taken. Converters fold the product of
// the weights with a zero state, so that the first step looks different: the loop is tried with
// that step and a zero state first. At last prove_same_results decides.
// Copies whose quantisation differs are no copies: a scan has one scale for each of its tensors.
// Tested by tests/unit/passes/reroll_unrolled_test.cc.
#include "ops/control.h"
#include "ops/new_node.h"
#include "ops/op.h"
#include "passes/passes.h"
#include "passes/places.h"
#include "passes/proof.h"
#include "passes/unrolled_steps.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace thimble {

namespace {

// What a node of the step reads.
struct Operand {
    enum Source { absent, constant, captured, sequence, same_step, previous_step } source = absent;
    size_t place = 0;   // same_step, previous_step: which node of the step
    size_t output = 0;  // and which of its outputs
    size_t index = 0;   // sequence: which one
    bool operator==(const Operand&) const = default;
};

struct Sequence {
    TensorId root;
    size_t axis;
    int64_t first;      // position of the first step
    int64_t direction;  // +1 or -1
    bool operator==(const Sequence&) const = default;
};

using Value = std::pair<size_t, size_t>;  // place in the step, output

// Where the values of all steps lie together.
struct Stack {
    TensorId whole = kNoTensor;
    size_t axis = 0;
    bool mirrored = false;    // against the order in which the scan writes
    size_t writer = kNoNode;  // the node that wrote `whole`
    size_t joiner = kNoNode;  // the node that joined the steps
};

class Reroll {
public:
    Reroll(Graph& graph, const Links& links, Movements& movements, const UnrolledSteps& steps)
        : graph_(graph), links_(links), movements_(movements), all_(steps.nodes)
    {
    }
    // Finds the run of steps; false when there is none of at least three.
    bool analyse();
    // Rewrites the graph; false when this form is not possible. `with_zero_step`: the step before
    // the first copy is one with states of zero, whatever it looks like.
    bool rewrite(bool with_zero_step);
    size_t steps() const { return trip_count_; }

private:
    const Node& node(size_t step, size_t place) const { return graph_.nodes[all_[step][place]]; }
    TensorId value(size_t step, Value v) const { return node(step, v.first).outputs[v.second]; }
    Operand operand(size_t step, size_t place, size_t input) const;
    bool fits(size_t step, bool first) const;
    bool find_sequences();
    std::optional<Sequence> sequence_of(size_t place, size_t input) const;
    bool find_states(bool with_zero_step);
    TensorId zero_of(Tensor form);
    std::vector<TensorId> values_over_time(Value v) const;
    std::optional<Stack> stack_of(const std::vector<TensorId>& values);
    bool used_outside(TensorId id, size_t except) const;
    bool is_carried(Value v) const { return std::ranges::count(carried_, v) > 0; }
    bool find_results();
    void mark_dying();
    struct Body {
        Graph graph;
        std::vector<TensorId> slices, states, captures;       // its inputs
        std::map<Value, TensorId> values;                     // of its nodes
        std::map<TensorId, TensorId> constants;               // by tensor of the outer graph
        std::map<std::pair<size_t, Shape>, TensorId> shaped;  // slices in the shape that is read
    };
    Graph body();
    TensorId operand_in(Body& made, size_t p, size_t i, TensorId id);
    TensorId add_stack(size_t k);
    Node make_scan();
    TensorId sequence_tensor(const Sequence& sequence);
    void drop_writer(TensorId id);

    Graph& graph_;
    const Links& links_;
    Movements& movements_;
    const std::vector<std::vector<size_t>>& all_;
    size_t first_ = 0, last_ = 0, reference_ = 0;  // steps in all_
    size_t trip_count_ = 0;
    bool reverse_ = false;
    bool zero_step_ = false;
    std::vector<std::map<size_t, size_t>> place_of_;  // by step: node -> place
    std::vector<std::vector<Operand>> operands_;      // by place, input
    std::vector<Sequence> sequences_;
    std::vector<TensorId> captured_;
    std::map<std::pair<size_t, size_t>, size_t> captured_index_;
    std::vector<Value> carried_;
    std::vector<TensorId> initial_;  // of carried_
    std::vector<Value> stacked_;
    std::vector<Stack> stacks_;  // of stacked_
    std::vector<Node> added_;
    std::vector<bool> removed_;  // by node
    std::vector<bool> dying_;    // by node: will have no reader, see mark_dying
};

Operand Reroll::operand(size_t step, size_t place, size_t input) const
{
    const TensorId id = node(step, place).inputs[input];
    if (id == kNoTensor) return {};
    const auto slot = static_cast<size_t>(id);
    const size_t producer = links_.producer[slot];
    if (producer != kNoNode) {
        const auto here = place_of_[step].find(producer);
        if (here != place_of_[step].end())
            return {Operand::same_step, here->second, links_.output_index[slot]};
        if (step > 0)
            if (const auto before = place_of_[step - 1].find(producer);
                before != place_of_[step - 1].end())
                return {Operand::previous_step, before->second, links_.output_index[slot]};
    }
    const TensorId other = node(step == reference_ ? step + 1 : reference_, place).inputs[input];
    if (other == kNoTensor) return {};
    if (graph_.tensor(id).is_constant() && graph_.tensor(other).is_constant() &&
        links_.canonical[slot] == links_.canonical[static_cast<size_t>(other)])
        return {Operand::constant};
    return {id == other ? Operand::captured : Operand::sequence};
}

// Whether the operands of a step are of the reference's kinds. In the first step what is carried
// comes from anywhere.
bool Reroll::fits(size_t step, bool first) const
{
    for (size_t p = 0; p < operands_.size(); ++p)
        for (size_t i = 0; i < operands_[p].size(); ++i)
            if (operand(step, p, i) != operands_[p][i] &&
                !(first && operands_[p][i].source == Operand::previous_step))
                return false;
    return true;
}

bool Reroll::analyse()
{
    for (const std::vector<size_t>& step : all_) {
        place_of_.emplace_back();
        for (size_t p = 0; p < step.size(); ++p) place_of_.back()[step[p]] = p;
    }
    reference_ = all_.size() / 2;
    for (size_t p = 0; p < all_[0].size(); ++p) {
        operands_.emplace_back();
        for (size_t i = 0; i < node(reference_, p).inputs.size(); ++i)
            operands_.back().push_back(operand(reference_, p, i));
    }
    if (reference_ + 1 >= all_.size() || !fits(reference_, false)) return false;
    first_ = last_ = reference_;
    while (last_ + 1 < all_.size() && fits(last_ + 1, false)) ++last_;
    while (first_ > 0 && fits(first_, false) && fits(first_ - 1, true)) --first_;
    trip_count_ = last_ - first_ + 1;
    return trip_count_ >= 3 && find_sequences();
}

// The deepest tensor of which the operand is a slice at a place that moves by one each step.
std::optional<Sequence> Reroll::sequence_of(size_t place, size_t input) const
{
    std::optional<Sequence> best;
    const std::vector<Origin> origins = movements_.origins(node(first_, place).inputs[input]);
    std::vector<std::vector<Origin>> others;
    for (size_t s = first_ + 1; s <= last_; ++s)
        others.push_back(movements_.origins(node(s, place).inputs[input]));
    for (const Origin& origin : origins) {
        const Shape& shape = graph_.tensor(origin.root).shape;
        for (const AxisSlice& slice : axis_slices(origin.places, shape)) {
            for (const int64_t direction : {1, -1}) {
                bool all = true;
                for (size_t k = 0; k < others.size() && all; ++k) {
                    const AxisSlice wanted = {
                        slice.axis, slice.position + direction * static_cast<int64_t>(k + 1)};
                    all = std::ranges::any_of(others[k], [&](const Origin& other) {
                        return other.root == origin.root &&
                               std::ranges::count(axis_slices(other.places, shape), wanted) > 0;
                    });
                }
                if (all) best = {origin.root, slice.axis, slice.position, direction};
            }
        }
    }
    return best;
}

bool Reroll::find_sequences()
{
    for (size_t p = 0; p < operands_.size(); ++p) {
        for (size_t i = 0; i < operands_[p].size(); ++i) {
            Operand& operand = operands_[p][i];
            if (operand.source == Operand::captured) {
                captured_index_[{p, i}] = captured_.size();
                captured_.push_back(node(first_, p).inputs[i]);
            }
            if (operand.source != Operand::sequence) continue;
            const std::optional<Sequence> found = sequence_of(p, i);
            if (!found) return false;
            const auto known = std::ranges::find(sequences_, *found);
            operand.index = static_cast<size_t>(known - sequences_.begin());
            if (known == sequences_.end()) sequences_.push_back(*found);
        }
    }
    for (const Sequence& sequence : sequences_)
        if (sequence.direction != sequences_[0].direction) return false;
    reverse_ = !sequences_.empty() && sequences_[0].direction < 0;
    return true;
}

TensorId Reroll::zero_of(Tensor form)
{
    form.name += "_zero";
    const TensorId id = graph_.add_tensor(form);
    const bool quantized = form.quant.present() && !is_float(form.type);
    std::vector<uint8_t> bytes;
    for (int64_t e = 0; e < form.count(); ++e)
        for (int64_t b = 0; b < element_bytes(form.type); ++b)
            bytes.push_back(static_cast<uint8_t>(
                quantized ? int64_t{form.quant.zero_point()} >> std::min<int64_t>(8 * b, 31) : 0));
    graph_.set_constant(id, std::move(bytes));
    return id;
}

// What is carried, and from what it starts: all nodes of the first step must agree.
bool Reroll::find_states(bool with_zero_step)
{
    zero_step_ = with_zero_step;
    for (size_t p = 0; p < operands_.size(); ++p) {
        for (size_t i = 0; i < operands_[p].size(); ++i) {
            const Operand& operand = operands_[p][i];
            if (operand.source != Operand::previous_step) continue;
            const Value v = {operand.place, operand.output};
            const TensorId start = node(first_, p).inputs[i];
            const auto known = std::ranges::find(carried_, v);
            if (known == carried_.end()) {
                carried_.push_back(v);
                initial_.push_back(start);
            } else if (links_.canonical[static_cast<size_t>(
                           initial_[static_cast<size_t>(known - carried_.begin())])] !=
                       links_.canonical[static_cast<size_t>(start)]) {
                return false;
            }
        }
    }
    if (!with_zero_step) return !carried_.empty();
    for (Sequence& sequence : sequences_) {
        sequence.first -= sequence.direction;
        const int64_t size = graph_.tensor(sequence.root).shape[sequence.axis];
        if (sequence.first < 0 || sequence.first >= size) return false;
    }
    ++trip_count_;
    return !carried_.empty() && !sequences_.empty();
}

// The value in every step, also in the step that is to be added before the first copy: there it is
// what the first copy starts from, or unknown.
std::vector<TensorId> Reroll::values_over_time(Value v) const
{
    std::vector<TensorId> values;
    if (zero_step_) {
        const auto known = std::ranges::find(carried_, v);
        values.push_back(known == carried_.end()
                             ? kNoTensor
                             : initial_[static_cast<size_t>(known - carried_.begin())]);
    }
    for (size_t s = first_; s <= last_; ++s) values.push_back(value(s, v));
    return values;
}

bool Reroll::used_outside(TensorId id, size_t except) const
{
    if (id == kNoTensor) return false;
    if (links_.is_output[static_cast<size_t>(id)]) return true;
    return std::ranges::any_of(links_.uses[static_cast<size_t>(id)], [&](const Use& use) {
        return use.node != except && !removed_[use.node] && !dying_[use.node];
    });
}

// The tensor in which one node, and movements behind it, join the values of all steps and nothing
// else; the last one of the chain that has them in the scan's own order.
std::optional<Stack> Reroll::stack_of(const std::vector<TensorId>& values)
{
    std::map<TensorId, size_t> step_of;
    for (size_t s = 0; s < values.size(); ++s) step_of[values[s]] = s;
    for (const Use& use : links_.uses[static_cast<size_t>(values.back())]) {
        std::optional<Stack> best;
        size_t at = use.node;
        std::vector<Places> where(values.size());  // by step: places of its elements
        for (bool join = true; at != kNoNode; join = false) {
            const Node& mover = graph_.nodes[at];
            if (mover.outputs.size() != 1) break;
            const std::optional<Movements::Joined> joined = movements_.joined(mover, 0);
            if (!joined || joined->inputs.size() != (join ? values.size() : 1)) break;
            const Tensor& whole = graph_.output(mover, 0);
            std::vector<Places> next(values.size());
            for (size_t s = 0; s < values.size(); ++s)
                next[s].resize(static_cast<size_t>(graph_.tensor(values.back()).count()));
            std::map<int32_t, std::pair<size_t, size_t>> element_at;  // place -> step, element
            if (!join)
                for (size_t s = 0; s < values.size(); ++s)
                    for (size_t e = 0; e < where[s].size(); ++e) element_at[where[s][e]] = {s, e};
            bool known = static_cast<size_t>(whole.count()) == values.size() * next[0].size();
            for (size_t j = 0; j < joined->places.size() && known; ++j) {
                std::pair<size_t, size_t> element = {0, static_cast<size_t>(joined->places[j])};
                if (join) {
                    const auto from = static_cast<size_t>(joined->from[j]);
                    const auto it = step_of.find(mover.inputs[joined->inputs[from]]);
                    known = it != step_of.end();
                    if (known) element.first = it->second;
                } else {
                    element = element_at[joined->places[j]];
                }
                if (known) next[element.first][element.second] = static_cast<int32_t>(j);
            }
            if (!known) break;
            where = std::move(next);
            for (const AxisSlice& slice : axis_slices(where[0], whole.shape)) {
                const auto count = static_cast<int64_t>(values.size());
                if (whole.shape[slice.axis] != count) continue;
                const bool down = slice.position == count - 1 && count > 1;
                bool all = true;
                for (int64_t s = 0; s < count && all; ++s)
                    all =
                        std::ranges::count(axis_slices(where[static_cast<size_t>(s)], whole.shape),
                                           AxisSlice{slice.axis, down ? count - 1 - s : s}) > 0;
                if (!all || (best && !best->mirrored && down != reverse_)) continue;
                best = Stack{mover.outputs[0], slice.axis, down != reverse_, at, use.node};
            }
            const auto& uses = links_.uses[static_cast<size_t>(mover.outputs[0])];
            if (uses.size() != 1 || links_.is_output[static_cast<size_t>(mover.outputs[0])]) break;
            at = uses[0].node;
        }
        if (best) return best;
    }
    return std::nullopt;
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
    for (const Value& v : carried_) made.states.push_back(input(graph_.tensor(value(first_, v))));
    for (const TensorId id : captured_) made.captures.push_back(input(graph_.tensor(id)));
    for (size_t p = 0; p < operands_.size(); ++p)
        for (size_t o = 0; o < node(reference_, p).outputs.size(); ++o)
            made.values[{p, o}] = body.add_tensor(graph_.tensor(value(reference_, {p, o})));
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
    return body;
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

// The part of the sequence that the steps read; the whole tensor where they read all of it.
TensorId Reroll::sequence_tensor(const Sequence& sequence)
{
    const Shape& whole = graph_.tensor(sequence.root).shape;
    const auto count = static_cast<int64_t>(trip_count_);
    if (whole[sequence.axis] == count) return sequence.root;
    Shape begin(whole.size(), 0), size = whole;
    begin[sequence.axis] = sequence.direction > 0 ? sequence.first : sequence.first - count + 1;
    size[sequence.axis] = count;
    added_.push_back(
        new_slice(graph_, sequence.root, begin, size, graph_.tensor(sequence.root).name + "_part"));
    return added_.back().outputs[0];
}

void Reroll::drop_writer(TensorId id)
{
    const size_t writer = links_.producer[static_cast<size_t>(id)];
    if (writer != kNoNode) removed_[writer] = true;
}

// What the steps leave for the rest of the graph: the last value is carried, all values are
// stacked.
bool Reroll::find_results()
{
    for (size_t p = 0; p < operands_.size(); ++p) {
        for (size_t o = 0; o < node(first_, p).outputs.size(); ++o) {
            const Value v = {p, o};
            const std::vector<TensorId> values = values_over_time(v);
            if (std::none_of(values.begin(), values.end() - 1,
                             [&](TensorId id) { return used_outside(id, kNoNode); })) {
                // A last value that is not carried gets carried for its sake.
                if (!used_outside(values.back(), kNoNode) || is_carried(v)) continue;
                carried_.push_back(v);
                initial_.push_back(zero_of(graph_.tensor(values.back())));
                continue;
            }
            if (values[0] == kNoTensor) return false;
            std::optional<Stack> stack = stack_of(values);
            if (!stack) {
                stack = Stack{};
                Tensor whole = graph_.tensor(values.back());
                whole.name += "_steps";
                whole.shape.insert(whole.shape.begin(), static_cast<int64_t>(trip_count_));
                stack->whole = graph_.add_tensor(std::move(whole));
            } else {
                removed_[stack->writer] = removed_[stack->joiner] = true;
            }
            stacked_.push_back(v);
            stacks_.push_back(*stack);
        }
    }
    return true;
}

// The scan's output for one stacked value; behind it a reversal where the original joined the steps
// the other way round, and a slice for everything else that reads a single step.
TensorId Reroll::add_stack(size_t k)
{
    const Stack& stack = stacks_[k];
    TensorId output = stack.whole;
    if (stack.mirrored) {
        Tensor mirrored = graph_.tensor(stack.whole);
        mirrored.name += "_mirrored";
        output = graph_.add_tensor(std::move(mirrored));
        added_.push_back(new_reverse(graph_, output, stack.axis, graph_.tensor(stack.whole).name));
        added_.back().outputs[0] = stack.whole;
    }
    const std::vector<TensorId> values = values_over_time(stacked_[k]);
    for (size_t s = 0; s < values.size(); ++s) {
        const bool carried_out = s + 1 == values.size() && is_carried(stacked_[k]);
        if (carried_out || !used_outside(values[s], stack.joiner)) continue;
        const Shape& whole = graph_.tensor(stack.whole).shape;
        Shape begin(whole.size(), 0), size = whole;
        const auto at = static_cast<int64_t>(s);
        begin[stack.axis] = reverse_ != stack.mirrored ? whole[stack.axis] - 1 - at : at;
        size[stack.axis] = 1;
        const std::string name = graph_.tensor(values[s]).name;
        added_.push_back(new_slice(graph_, stack.whole, begin, size, name));
        const TensorId slice = added_.back().outputs[0];
        added_.push_back(new_reshape(graph_, slice, graph_.tensor(values[s]).shape, name));
        added_.back().outputs[0] = values[s];
        drop_writer(values[s]);
    }
    return output;
}

Node Reroll::make_scan()
{
    const std::string& name = graph_.tensor(value(last_, carried_[0])).name;
    Node scan;
    scan.op = find_op("scan");
    scan.source_op = "SCAN";
    scan.name = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
    ScanAttributes attributes;
    attributes.trip_count = static_cast<int64_t>(trip_count_);
    attributes.reverse = reverse_;
    attributes.carried = static_cast<int64_t>(carried_.size());
    for (const Sequence& sequence : sequences_) {
        scan.inputs.push_back(sequence_tensor(sequence));
        attributes.sequence_axes.push_back(static_cast<int64_t>(sequence.axis));
    }
    for (size_t k = 0; k < carried_.size(); ++k)
        scan.inputs.push_back(zero_step_ ? zero_of(graph_.tensor(value(first_, carried_[k])))
                                         : initial_[k]);
    scan.inputs.insert(scan.inputs.end(), captured_.begin(), captured_.end());
    for (const Value& v : carried_) scan.outputs.push_back(value(last_, v));
    attributes.body = std::make_shared<const Graph>(body());
    for (size_t k = 0; k < stacked_.size(); ++k) {
        attributes.stacked_axes.push_back(static_cast<int64_t>(stacks_[k].axis));
        scan.outputs.push_back(add_stack(k));
    }
    scan.attributes = std::move(attributes);
    return scan;
}

// The step that the converter simplified leads to the initial values alone: it dies when the scan
// starts from zero instead, and what it reads of them is no use.
void Reroll::mark_dying()
{
    for (size_t n = graph_.nodes.size(); n-- > 0;) {
        if (removed_[n] || graph_.nodes[n].outputs.empty()) continue;
        dying_[n] = std::ranges::all_of(graph_.nodes[n].outputs, [&](TensorId id) {
            if (id == kNoTensor || std::ranges::count(initial_, id) > 0) return true;
            if (links_.is_output[static_cast<size_t>(id)]) return false;
            return std::ranges::all_of(links_.uses[static_cast<size_t>(id)], [&](const Use& use) {
                return removed_[use.node] || dying_[use.node];
            });
        });
    }
}

bool Reroll::rewrite(bool with_zero_step)
{
    if (!find_states(with_zero_step)) return false;
    removed_.assign(graph_.nodes.size(), false);
    dying_ = removed_;
    for (size_t s = first_; s <= last_; ++s)
        for (const size_t n : all_[s]) removed_[n] = true;
    if (with_zero_step) mark_dying();
    if (!find_results()) return false;
    added_.push_back(make_scan());
    size_t index = 0;
    std::erase_if(graph_.nodes, [&](const Node&) { return removed_[index++]; });
    for (Node& node : added_) graph_.nodes.push_back(std::move(node));
    if (!sort_nodes(graph_)) return false;
    remove_dead_nodes(graph_);
    verify_graph(graph_);
    return true;
}

// Rewrites one loop. False, and `graph` as it was, when it cannot be or is not proven.
bool reroll(Graph& graph, const Links& links, const UnrolledSteps& steps)
{
    Movements movements(graph, links);
    for (const bool with_zero_step : {true, false}) {
        Graph changed = graph;
        Reroll reroll(changed, links, movements, steps);
        if (!reroll.analyse()) return false;
        if (!reroll.rewrite(with_zero_step)) continue;
        const Proof proof = prove_same_results(graph, changed);
        if (!proof.equal && with_zero_step) continue;
        const std::string name = graph.tensor(steps.anchor).name;
        if (!proof.equal) {
            graph.notes.push_back(
                fmt::format("{} steps around '{}' look like one loop, but {}; "
                            "they stay as they are",
                            reroll.steps(), name, proof.difference));
            return false;
        }
        changed.notes.push_back(
            fmt::format("{} unrolled steps around '{}' became one loop, "
                        "checked on {} inputs",
                        reroll.steps(), name, kProofInputs));
        graph = std::move(changed);
        return true;
    }
    return false;
}

}  // namespace

void reroll_unrolled(Graph& graph)
{
    if (!find_op("scan")) return;
    remove_dead_nodes(graph);
    std::set<TensorId> tried;
    for (;;) {
        const Links links(graph);
        const UnrolledSteps steps = find_unrolled_steps(graph, links, tried);
        if (steps.nodes.empty()) return;
        reroll(graph, links, steps);
    }
}

}  // namespace thimble
