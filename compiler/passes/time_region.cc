#include "passes/time_region.h"

#include "ops/control.h"
#include "ops/dense_sum.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "passes/row_wise.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace thimble {

namespace {

template <size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N])
{
    return std::ranges::find(names, name) != std::end(names);
}

const ScanAttributes* scan_of(const Node& node)
{
    return std::any_cast<ScanAttributes>(&node.attributes);
}

// Time steps of a layer that carries a state from one to the next; 0 for other nodes.
int64_t steps_of(const Graph& graph, const Node& node)
{
    if (const ScanAttributes* scan = scan_of(node))
        return scan->reverse || scan->sequence_axes.empty() ? 0 : scan->trip_count;
    const RecurrentAttributes* attributes = recurrent_attributes(node);
    if (!attributes || attributes->reverse) return 0;
    const Shape& x = graph.input(node, 0).shape;
    if (x.size() != 3 || x[attributes->time_major ? 1 : 0] != 1) return 0;
    return x[attributes->time_major ? 0 : 1];
}

class Growth {
public:
    Growth(const Graph& graph, size_t seed) : graph_(graph), producer_(graph.tensors.size(), -1)
    {
        for (size_t i = 0; i < graph.nodes.size(); ++i)
            for (const TensorId id : graph.nodes[i].outputs)
                if (id != kNoTensor) producer_[static_cast<size_t>(id)] = static_cast<int>(i);
        steps_ = steps_of(graph, graph.nodes[seed]);
        if (steps_ > 1 && joins_as_recurrent(graph.nodes[seed])) add(seed);
    }

    TimeRegion region()
    {
        TimeRegion result;
        result.steps = steps_;
        if (nodes_.empty()) return result;
        while (grow()) {
        }
        result.nodes.assign(nodes_.begin(), nodes_.end());
        for (const size_t i : nodes_)
            for (const TensorId id : graph_.nodes[i].inputs)
                if (is_outer_sequence(graph_.nodes[i], id) && !contains(result.sequences, id))
                    result.sequences.push_back(id);
        if (needs_more_than_a_row(result)) return {};
        for (const TensorId id : members_) find_ends(id, result);
        return result;
    }

private:
    static bool contains(const std::vector<TensorId>& ids, TensorId id)
    {
        return std::ranges::find(ids, id) != ids.end();
    }
    bool in_region(size_t node) const { return nodes_.count(node) > 0; }
    bool is_member(TensorId id) const { return members_.count(id) > 0; }
    int64_t axis_of(TensorId id) const { return time_axis(graph_.tensor(id).shape, steps_); }

    void add(size_t index)
    {
        nodes_.insert(index);
        const Node& node = graph_.nodes[index];
        for (size_t i = 0; i < node.outputs.size(); ++i)
            if (is_sequence_output(node, i)) members_.insert(node.outputs[i]);
    }

    // Outputs that hold one row a step; the others hold what the last step leaves.
    bool is_sequence_output(const Node& node, size_t output) const
    {
        if (node.outputs[output] == kNoTensor) return false;
        if (const ScanAttributes* scan = scan_of(node))
            return output >= static_cast<size_t>(scan->carried);
        if (const RecurrentAttributes* attributes = recurrent_attributes(node))
            return output == 0 && attributes->return_sequences;
        return true;
    }

    bool is_outer_sequence(const Node& node, TensorId id) const
    {
        if (id == kNoTensor || is_member(id)) return false;
        if (const ScanAttributes* scan = scan_of(node)) {
            const auto at = std::ranges::find(node.inputs, id) - node.inputs.begin();
            return at < static_cast<std::ptrdiff_t>(scan->sequence_axes.size());
        }
        if (recurrent_attributes(node)) return id == node.inputs[0];
        return graph_.tensor(id).kind == TensorKind::activation;
    }

    // A loop of the region reads the whole of a sequence (attention), not only its rows.
    bool needs_more_than_a_row(const TimeRegion& region) const
    {
        return std::ranges::any_of(region.nodes, [&](size_t i) {
            const Node& node = graph_.nodes[i];
            const ScanAttributes* scan = scan_of(node);
            if (!scan) return false;
            const auto whole =
                node.inputs.begin() + static_cast<std::ptrdiff_t>(scan->sequence_axes.size());
            return std::any_of(whole, node.inputs.end(),
                               [&](TensorId id) { return contains(region.sequences, id); });
        });
    }

    // A value that is there before the first step, whatever the region becomes.
    bool exists_before(TensorId id) const
    {
        if (id == kNoTensor || graph_.tensor(id).kind != TensorKind::activation) return true;
        return std::ranges::find(graph_.inputs, id) != graph_.inputs.end();
    }

    bool joins_as_recurrent(const Node& node) const
    {
        if (steps_of(graph_, node) != steps_) return false;
        const ScanAttributes* scan = scan_of(node);
        const size_t sequences = scan ? scan->sequence_axes.size() : 1;
        for (size_t i = 0; scan && i < sequences; ++i)
            if (axis_of(node.inputs[i]) != scan->sequence_axes[i]) return false;
        for (size_t i = 0; scan && i < scan->stacked_axes.size(); ++i)
            if (axis_of(node.outputs[static_cast<size_t>(scan->carried) + i]) !=
                scan->stacked_axes[i])
                return false;
        const std::vector<size_t> states = initial_state_inputs(graph_, node);
        // Final states of a layer whose states are variables would have to be carried twice.
        if (!scan && node.outputs.size() > 1 + states.size()) return false;
        for (const size_t i : states) {
            const Shape& shape = graph_.input(node, i).shape;
            if (shape.size() != 2 || shape[0] != 1) return false;
        }
        return std::all_of(node.inputs.begin() + static_cast<std::ptrdiff_t>(sequences),
                           node.inputs.end(), [&](TensorId id) { return exists_before(id); });
    }

    bool is_row_wise(const Node& node) const
    {
        if (has_side_effect(node) || node.outputs.size() != 1) return false;
        const Tensor& out = graph_.tensor(node.outputs[0]);
        const int64_t axis = axis_of(node.outputs[0]);
        if (axis < 0 || out.quant.per_channel()) return false;
        const std::string_view op = node.op->name;
        const auto last = static_cast<int64_t>(out.shape.size()) - 1;
        const bool streams = has_time_axis(node, 0);
        if (op == "reshape") return streams;
        if (op == "dense") return streams && is_dense_per_row(node);
        if (op == "transpose") return streams && keeps_order(node);
        if (is_along_last_axis(node)) return streams && axis != last;
        if (!is_element_wise(node)) return false;
        return std::ranges::all_of(node.inputs, [&](TensorId id) {
            const Tensor& in = graph_.tensor(id);
            if (in.kind == TensorKind::constant) return constant_in_time(in, out, axis);
            return in.kind == TensorKind::activation && in.shape == out.shape;
        });
    }

    bool has_time_axis(const Node& node, size_t input) const
    {
        return graph_.input(node, input).kind == TensorKind::activation &&
               axis_of(node.inputs[input]) >= 0;
    }

    // Rows of the layer are rows in time, or parts of them.
    bool is_dense_per_row(const Node& node) const
    {
        const Tensor& weights = graph_.input(node, 1);
        return weights.is_constant() &&
               graph_.input(node, 0).count() / steps_ % weights.shape.at(1) == 0;
    }

    bool keeps_order(const Node& node) const
    {
        const std::vector<int64_t> places = moved_elements(graph_, node);
        for (size_t i = 0; i < places.size(); ++i)
            if (places[i] != static_cast<int64_t>(i)) return false;
        return !places.empty();
    }

    bool is_graph_output(TensorId id) const
    {
        return std::ranges::find(graph_.outputs, id) != graph_.outputs.end();
    }

    std::vector<size_t> readers(TensorId id) const
    {
        std::vector<size_t> result;
        for (size_t i = 0; i < graph_.nodes.size(); ++i)
            if (std::ranges::find(graph_.nodes[i].inputs, id) != graph_.nodes[i].inputs.end())
                result.push_back(i);
        return result;
    }

    // A node joins behind the region when it reads a member, in front of it when the region alone
    // reads it.
    bool grow()
    {
        for (size_t i = 0; i < graph_.nodes.size(); ++i) {
            const Node& node = graph_.nodes[i];
            if (in_region(i)) continue;
            const bool recurrent = steps_of(graph_, node) > 0;
            if (recurrent ? !joins_as_recurrent(node) : !is_row_wise(node)) continue;
            const bool behind = std::ranges::any_of(
                node.inputs, [&](TensorId id) { return id != kNoTensor && is_member(id); });
            if (!behind && !(feeds_region_alone(node) && !recurrent)) continue;
            if (closes_a_circle(node)) continue;
            add(i);
            return true;
        }
        return false;
    }

    bool feeds_region_alone(const Node& node) const
    {
        const std::vector<size_t> users = readers(node.outputs[0]);
        return !users.empty() && !is_graph_output(node.outputs[0]) &&
               std::ranges::all_of(users, [&](size_t user) {
                   return in_region(user) && is_outer_sequence(graph_.nodes[user], node.outputs[0]);
               });
    }

    // An outer input of the node depends on the region.
    bool closes_a_circle(const Node& node) const
    {
        std::set<TensorId> seen;
        std::vector<TensorId> open;
        for (const TensorId id : node.inputs)
            if (id != kNoTensor && !is_member(id)) open.push_back(id);
        while (!open.empty()) {
            const TensorId id = open.back();
            open.pop_back();
            const int from = producer_[static_cast<size_t>(id)];
            if (!seen.insert(id).second || from < 0) continue;
            if (in_region(static_cast<size_t>(from))) return true;
            for (const TensorId input : graph_.nodes[static_cast<size_t>(from)].inputs)
                if (input != kNoTensor) open.push_back(input);
        }
        return false;
    }

    void find_ends(TensorId sequence, TimeRegion& region) const
    {
        std::vector<RegionEnd> ends;
        bool whole = is_graph_output(sequence);
        for (const size_t reader : readers(sequence))
            whole = whole || (!in_region(reader) && !add_ends(sequence, reader, {}, ends));
        if (whole)
            region.stacked.push_back(sequence);
        else
            region.ends.insert(region.ends.end(), ends.begin(), ends.end());
    }

    // False when node `index`, which reads the sequence under some shape, needs the whole of it.
    bool add_ends(TensorId sequence, size_t index, std::vector<size_t> passed,
                  std::vector<RegionEnd>& ends) const
    {
        const Node& node = graph_.nodes[index];
        if (is_dense_over_time(node, sequence)) {
            ends.push_back({RegionEnd::Kind::dense, sequence, index, std::move(passed)});
            return true;
        }
        const std::vector<int64_t> places = moved_elements(graph_, node);
        const int64_t count = graph_.tensor(sequence).count();
        const int64_t row = count / steps_;
        if (places.empty() || node.outputs.size() != 1) return false;
        if (is_run_from(places, count - row, row)) {
            ends.push_back({RegionEnd::Kind::last_row, sequence, index, std::move(passed)});
            return true;
        }
        if (!is_run_from(places, 0, count) || is_graph_output(node.outputs[0])) return false;
        passed.push_back(index);
        const std::vector<size_t> next = readers(node.outputs[0]);
        return !next.empty() && std::ranges::all_of(next, [&](size_t reader) {
            return !in_region(reader) && add_ends(sequence, reader, passed, ends);
        });
    }

    static bool is_run_from(const std::vector<int64_t>& places, int64_t first, int64_t count)
    {
        if (static_cast<int64_t>(places.size()) != count) return false;
        for (size_t i = 0; i < places.size(); ++i)
            if (places[i] != first + static_cast<int64_t>(i)) return false;
        return true;
    }

    bool is_dense_over_time(const Node& node, TensorId sequence) const
    {
        if (node.op->name != "dense") return false;
        const Tensor& x = graph_.input(node, 0);
        const Tensor& w = graph_.input(node, 1);
        const bool integer = x.type == DType::i8 && w.type == DType::i8;
        const bool real = x.type == DType::f32 &&
                          (w.type == DType::f32 || w.type == DType::f16 || w.type == DType::i8);
        const auto absent_or_constant = [&](size_t i) {
            return !graph_.has_input(node, i) || graph_.input(node, i).is_constant();
        };
        return (integer || real) && w.is_constant() && absent_or_constant(2) &&
               w.shape.at(1) == graph_.tensor(sequence).count() && !node.was_uint8 &&
               (w.quant.per_channel() || w.quant.zero_point() == 0) &&
               split_dense(graph_, node, steps_).has_value();
    }

    const Graph& graph_;
    std::vector<int> producer_;  // of each tensor: node, or -1
    int64_t steps_ = 0;
    std::set<size_t> nodes_;
    std::set<TensorId> members_;  // sequences that the region computes
};

}  // namespace

int64_t time_axis(const Shape& shape, int64_t steps)
{
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        if (shape[axis] == steps) return static_cast<int64_t>(axis);
        if (shape[axis] != 1) return -1;
    }
    return -1;
}

std::vector<size_t> initial_state_inputs(const Graph& graph, const Node& node)
{
    std::vector<size_t> states;
    if (node.op->name == "lstm") states = {lstm_input::hidden, lstm_input::cell};
    if (node.op->name == "gru") states = {gru_input::hidden};
    if (node.op->name == "simple_rnn") states = {simple_rnn_input::hidden};
    std::erase_if(states, [&](size_t i) {
        return !graph.has_input(node, i) || graph.input(node, i).kind == TensorKind::state;
    });
    return states;
}

std::vector<int64_t> moved_elements(const Graph& graph, const Node& node)
{
    static constexpr std::string_view kMovers[] = {"reshape", "transpose", "slice",
                                                   "gather",  "split",     "reverse"};
    if (!is_one_of(node.op->name, kMovers) || node.outputs.size() != 1) return {};
    for (size_t i = 1; i < node.inputs.size(); ++i)
        if (graph.has_input(node, i) && !graph.input(node, i).is_constant()) return {};
    // Every byte of an element is one digit of the element's place; one evaluation per digit.
    const Tensor& in = graph.input(node, 0);
    const Tensor& out = graph.output(node, 0);
    if (in.kind != TensorKind::activation || in.type != out.type) return {};
    std::vector<int64_t> places(static_cast<size_t>(out.count()), 0);
    const auto size = static_cast<size_t>(element_bytes(in.type));
    for (int digit = 0; digit < 4 && in.count() >> (8 * digit) > 0; ++digit) {
        std::vector<std::vector<uint8_t>> values(graph.tensors.size());
        for (const TensorId id : node.inputs)
            if (id != kNoTensor && graph.tensor(id).is_constant())
                values[static_cast<size_t>(id)] = *graph.tensor(id).data;
        std::vector<uint8_t>& from = values[static_cast<size_t>(node.inputs[0])];
        for (size_t i = 0; i < static_cast<size_t>(in.count()); ++i)
            from.insert(from.end(), size, static_cast<uint8_t>(i >> (8 * digit)));
        std::vector<uint8_t>& to = values[static_cast<size_t>(node.outputs[0])];
        to.assign(static_cast<size_t>(out.bytes()), 0);
        EvalContext context(graph, node, values, Match::tflm);
        node.op->eval(context);
        for (size_t i = 0; i < places.size(); ++i)
            places[i] |= int64_t{to[i * size]} << (8 * digit);
    }
    return places;
}

TimeRegion find_time_region(const Graph& graph, size_t seed)
{
    return Growth(graph, seed).region();
}

}  // namespace thimble
