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
// that step and a zero state first, then with that step as a branch of the body (first_step.h). At
// last prove_same_results decides.
// Copies that were quantised one by one differ in their scales: their scan gets the scales of every
// turn (Tensor::by_turn), where each of its layers has a form for that.
// Tested by tests/unit/passes/reroll_unrolled_test.cc.
#include "ops/by_turn.h"
#include "ops/control.h"
#include "ops/new_node.h"
#include "ops/op.h"
#include "passes/passes.h"
#include "passes/proof.h"
#include "passes/reroll.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <map>

namespace thimble {

namespace {

using TurnScales = std::vector<std::pair<uint32_t, int64_t>>;  // bits of the scale, zero point

// The scales of each tensor that changes, without those that another tensor has, too. Bytes of
// constants that change are added to `data`.
void collect_changing(const Graph& body, std::set<TurnScales>& scales, int64_t& data)
{
    for (const Node& node : body.nodes)
        for (const auto& inner : bodies_of(node)) collect_changing(*inner, scales, data);
    for (const Tensor& tensor : body.tensors) {
        if (!tensor.by_turn) continue;
        data += tensor.bytes() * static_cast<int64_t>(tensor.by_turn->data.size());
        if (scales_by_turn(tensor).size() < 2) continue;
        TurnScales of_tensor;
        for (const Quantization& q : tensor.by_turn->quant)
            of_tensor.emplace_back(std::bit_cast<uint32_t>(q.scale()), q.zero_point());
        scales.insert(std::move(of_tensor));
    }
}

// Flash that all turns take for what changes: five bytes for a scale and its zero point. A state
// that is read has the scales that were written, a turn later (plan/join_tables.h).
int64_t changing_bytes(const Graph& body)
{
    std::set<TurnScales> scales;
    int64_t bytes = 0;
    collect_changing(body, scales, bytes);
    for (const TurnScales& written : scales) {
        const bool read_later = std::ranges::any_of(scales, [&](const TurnScales& read) {
            return std::equal(read.begin() + 1, read.end(), written.begin(), written.end() - 1);
        });
        bytes += 5 * (read_later ? 1 : static_cast<int64_t>(written.size()));
    }
    return bytes;
}

}  // namespace

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
        (may_differ(graph_.tensor(id), scales_) ||
         links_.canonical[slot] == links_.canonical[static_cast<size_t>(other)]))
        return {may_differ(graph_.tensor(id), scales_) ? Operand::changing_constant
                                                       : Operand::constant};
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
    reason_ = "what a step reads is not found in the same way in all steps";
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
bool Reroll::find_states(Begin begin)
{
    begin_ = begin;
    reason_ = "the steps do not agree on what they start from";
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
    if (begin == Begin::first_copy) return !carried_.empty();
    reason_ = "there is no row of the input for a step before them";
    for (Sequence& sequence : sequences_) {
        sequence.first -= sequence.direction;
        const int64_t size = graph_.tensor(sequence.root).shape[sequence.axis];
        if (sequence.first < 0 || sequence.first >= size) return false;
    }
    ++trip_count_;
    return !carried_.empty() && !sequences_.empty();
}

// What the step before the first copy gives for a value: what the first copy starts from, or what
// is joined with the values of the copies.
TensorId Reroll::first_value(Value v) const
{
    const auto known = std::ranges::find(carried_, v);
    if (known != carried_.end()) return initial_[static_cast<size_t>(known - carried_.begin())];
    if (begin_ != Begin::branch) return kNoTensor;
    std::set<TensorId> copies;
    for (size_t s = first_; s <= last_; ++s) copies.insert(value(s, v));
    for (const Use& use : links_.uses[static_cast<size_t>(value(last_, v))]) {
        std::set<TensorId> joined(graph_.nodes[use.node].inputs.begin(),
                                  graph_.nodes[use.node].inputs.end());
        for (const TensorId id : copies) joined.erase(id);
        joined.erase(kNoTensor);
        if (graph_.nodes[use.node].inputs.size() == copies.size() + 1 && joined.size() == 1)
            return *joined.begin();
    }
    return kNoTensor;
}

// The value in every step, also in the step that is to be added before the first copy: there it is
// what the first copy starts from, or unknown.
std::vector<TensorId> Reroll::values_over_time(Value v) const
{
    std::vector<TensorId> values;
    if (begin_ != Begin::first_copy) values.push_back(first_value(v));
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
            reason_ = "the first step differs from the others";
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
        scan.inputs.push_back(begin_ == Begin::first_copy
                                  ? initial_[k]
                                  : zero_of(graph_.tensor(value(first_, carried_[k]))));
    for (const Value& v : carried_) scan.outputs.push_back(value(last_, v));
    if (begin_ == Begin::branch) {
        Tensor flag;
        flag.name = scan.name + "_is_first";
        flag.type = DType::boolean;
        flag.shape = {1};
        scan.outputs.push_back(graph_.add_tensor(flag));
        scan.inputs.push_back(graph_.add_tensor(flag));
        graph_.set_constant(scan.inputs.back(), {1});
        ++attributes.carried;
    }
    scan.inputs.insert(scan.inputs.end(), captured_.begin(), captured_.end());
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

// What the step before the first copy computes, for Begin::branch.
bool Reroll::find_first()
{
    std::vector<TensorId> results = initial_;
    for (const Value& v : stacked_) results.push_back(first_value(v));
    std::set<size_t> steps;
    for (size_t s = first_; s <= last_; ++s) steps.insert(all_[s].begin(), all_[s].end());
    const auto sequence_of = [&](TensorId id) -> std::optional<size_t> {
        for (const Origin& origin : movements_.origins(id))
            for (size_t k = 0; k < sequences_.size(); ++k) {
                const Sequence& sequence = sequences_[k];
                const AxisSlice wanted = {sequence.axis, sequence.first};
                if (origin.root == sequence.root &&
                    std::ranges::count(
                        axis_slices(origin.places, graph_.tensor(origin.root).shape), wanted) > 0)
                    return k;
            }
        return std::nullopt;
    };
    // A simplified step has fewer nodes than a whole one, but may lead to more of the next one.
    first_step_ = find_first_step(graph_, links_, std::move(results), steps,
                                  operands_.size() + 4, sequence_of);
    reason_ = "the first step differs from the others";
    if (!first_step_) return false;
    for (const TensorId id : first_step_->captured)
        if (!std::ranges::count(captured_, id)) captured_.push_back(id);
    return true;
}

bool Reroll::rewrite(Begin begin)
{
    if (!find_states(begin)) return false;
    removed_.assign(graph_.nodes.size(), false);
    dying_ = removed_;
    for (size_t s = first_; s <= last_; ++s)
        for (const size_t n : all_[s]) removed_[n] = true;
    if (begin != Begin::first_copy) mark_dying();
    if (!find_results()) return false;
    if (begin == Begin::branch && !find_first()) return false;
    added_.push_back(make_scan());
    const Graph& body = *std::any_cast<ScanAttributes>(&added_.back().attributes)->body;
    reason_ = no_changing_scales(body);
    if (!reason_.empty()) return false;
    scale_bytes_ = changing_bytes(body);
    size_t index = 0;
    std::erase_if(graph_.nodes, [&](const Node&) { return removed_[index++]; });
    for (Node& node : added_) graph_.nodes.push_back(std::move(node));
    if (!sort_nodes(graph_)) return false;
    remove_dead_nodes(graph_);
    verify_graph(graph_);
    return true;
}

namespace {

std::string success_note(int64_t bytes, size_t steps, const std::string& name)
{
    std::string note = fmt::format("{} unrolled steps around '{}' became one loop, checked on {} "
                                   "inputs",
                                   steps, name, kProofInputs);
    if (bytes > 0)
        note += fmt::format("; every step was quantised on its own, which takes {} bytes of "
                            "scales, {} a step",
                            bytes, bytes / static_cast<int64_t>(steps));
    return note;
}

// Rewrites one loop. False, and `graph` as it was, when it cannot be or is not proven; then a note
// says why.
bool reroll(Graph& graph, const Links& links, const UnrolledSteps& steps, Scales scales)
{
    Movements movements(graph, links);
    const std::string name = graph.tensor(steps.anchor).name;
    std::string reason;
    size_t count = steps.nodes.size();
    for (const Begin begin : {Begin::zero_state, Begin::branch, Begin::first_copy}) {
        // Scales of a step that is not in the graph are unknown.
        if (scales == Scales::any && begin == Begin::zero_state) continue;
        Graph changed = graph;
        Reroll reroll(changed, links, movements, steps, scales);
        const bool done = reroll.analyse() && reroll.rewrite(begin);
        if (!done) {
            reason = reroll.reason();
            continue;
        }
        const Proof proof = prove_same_results(graph, changed);
        count = reroll.steps();
        if (!proof.equal) {
            reason = proof.difference;
            continue;
        }
        changed.notes.push_back(success_note(reroll.scale_bytes(), count, name));
        graph = std::move(changed);
        return true;
    }
    if (scales == Scales::any)
        graph.notes.push_back(fmt::format("{} steps around '{}' look like one loop, but {}; they "
                                          "stay as they are",
                                          count, name, reason));
    return false;
}

}  // namespace

void reroll_unrolled(Graph& graph)
{
    if (!find_op("scan")) return;
    remove_dead_nodes(graph);
    for (const Scales scales : {Scales::equal, Scales::any}) {
        std::set<TensorId> tried;
        for (;;) {
            const Links links(graph);
            const UnrolledSteps steps = find_unrolled_steps(graph, links, scales, tried);
            if (steps.nodes.empty()) break;
            reroll(graph, links, steps, scales);
        }
    }
}

}  // namespace thimble
