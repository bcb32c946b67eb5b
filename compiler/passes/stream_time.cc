// A network over time becomes one loop over the steps, so that no sequence is stored between its
// layers:
//
//   before:  x [1, T, i] -> lstm -> h [1, T, u] -> reshape [1, T u] -> dense -> y
//   after:   scan over t: x[t] -> lstm (one step) -> h[t] -> dense_accumulate (sums)
//            sums -> dense_finish -> y
//
// The body holds the same operators with T = 1. What leaves it: a last row, running sums, or, where
// a later layer needs all of it, a stacked sequence as before. Reverse layers need the whole input
// and stay. A loop over the graph's input is also what NAME_step runs one iteration of
// (emit/c_source.cc). Which nodes belong to the loop: time_region.cc.
// Tested by tests/unit/passes/stream_time_test.cc.
#include "passes/time_region.h"

#include "ops/control.h"
#include "ops/dense_sum.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "passes/passes.h"

#include <algorithm>
#include <map>

namespace thimble {

namespace {

const ScanAttributes* scan_of(const Node& node)
{
    return std::any_cast<ScanAttributes>(&node.attributes);
}

// A value that one step hands to the next.
struct Carried {
    TensorId initial;   // of the graph
    TensorId inner_in;  // of the body
    TensorId inner_out;
    TensorId final;  // of the graph
};

class LoopBuilder {
public:
    LoopBuilder(Graph& graph, const TimeRegion& region) : graph_(graph), region_(region)
    {
        body_.name = graph.name;
    }

    // The scan, and the nodes behind it that finish running sums.
    std::vector<Node> build()
    {
        for (const TensorId id : region_.sequences) add_sequence(id);
        for (const size_t i : region_.nodes) add_node(Node(graph_.nodes[i]));
        for (const RegionEnd& end : region_.ends) {
            if (end.kind == RegionEnd::Kind::last_row)
                add_last_row(end);
            else
                add_dense(end);
        }
        std::vector<Node> nodes = {scan()};
        nodes.insert(nodes.end(), finish_.begin(), finish_.end());
        return nodes;
    }

private:
    // What one step sees of a sequence, or writes to it.
    TensorId one_row_of(TensorId outer)
    {
        Tensor tensor = graph_.tensor(outer);
        tensor.kind = TensorKind::activation;
        tensor.data = nullptr;
        const int64_t axis = time_axis(tensor.shape, region_.steps);
        if (axis >= 0) tensor.shape[static_cast<size_t>(axis)] = 1;
        return body_.add_tensor(std::move(tensor));
    }

    void add_sequence(TensorId outer)
    {
        inner_[outer] = one_row_of(outer);
        sequences_.push_back(outer);
    }

    // The body's tensor in the place of one of the graph.
    TensorId inner(TensorId outer)
    {
        if (outer == kNoTensor) return kNoTensor;
        const auto known = inner_.find(outer);
        if (known != inner_.end()) return known->second;
        inner_[outer] = body_.add_tensor(graph_.tensor(outer));
        if (!graph_.tensor(outer).is_constant()) captured_.push_back(outer);
        return inner_[outer];
    }

    std::vector<TensorId> inner(const std::vector<TensorId>& outer)
    {
        std::vector<TensorId> result;
        for (const TensorId id : outer) result.push_back(inner(id));
        return result;
    }

    void add_node(Node node)
    {
        if (scan_of(node)) return inline_scan(node);
        if (recurrent_attributes(node)) return add_recurrent(std::move(node));
        const TensorId out = node.outputs[0];
        inner_[out] = one_row_of(out);
        if (node.op->name == "reshape") {
            node.inputs.resize(1);
            node.attributes = {};
        }
        node.inputs = inner(node.inputs);
        node.outputs = {inner_[out]};
        const Shape expected = body_.output(node, 0).shape;
        node.op->infer(body_, node);
        THIMBLE_CHECK(body_.output(node, 0).shape == expected, node.name + " is not row by row");
        body_.nodes.push_back(std::move(node));
    }

    void add_recurrent(Node node)
    {
        const std::vector<TensorId> outer = node.outputs;
        const std::vector<size_t> states = initial_state_inputs(graph_, node);
        const std::vector<TensorId> initial = node.inputs;
        std::vector<Carried> carried;
        for (const size_t i : states) {
            Tensor value = graph_.tensor(initial[i]);
            value.kind = TensorKind::activation;
            value.data = nullptr;
            const TensorId in = body_.add_tensor(value);
            carried.push_back({initial[i], in, body_.add_tensor(value), kNoTensor});
        }
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            const auto state = std::ranges::find(states, i);
            node.inputs[i] = state == states.end()
                                 ? inner(initial[i])
                                 : carried[static_cast<size_t>(state - states.begin())].inner_in;
        }
        node.outputs.resize(1 + states.size());
        node.outputs[0] = one_row_of(outer[0]);
        for (size_t i = 0; i < states.size(); ++i) {
            node.outputs[i + 1] = carried[i].inner_out;
            if (i + 1 < outer.size()) carried[i].final = outer[i + 1];
        }
        node.op->infer(body_, node);
        if (recurrent_attributes(node)->return_sequences)
            inner_[outer[0]] = node.outputs[0];
        else
            carry_last(node.outputs[0], outer[0]);
        carried_.insert(carried_.end(), carried.begin(), carried.end());
        body_.nodes.push_back(std::move(node));
    }

    // The body of a loop over the same steps becomes a part of this body.
    void inline_scan(const Node& node)
    {
        const ScanAttributes& scan = *scan_of(node);
        const Graph& from = *scan.body;
        const size_t sequences = scan.sequence_axes.size();
        const auto carried = static_cast<size_t>(scan.carried);
        std::map<TensorId, TensorId> ids;
        for (size_t i = 0; i < node.inputs.size(); ++i)
            ids[from.inputs[i]] = i >= sequences && i < sequences + carried
                                      ? body_.add_tensor(from.tensor(from.inputs[i]))
                                      : inner(node.inputs[i]);
        const auto id_of = [&](TensorId id) {
            if (id == kNoTensor) return kNoTensor;
            if (!ids.count(id)) ids[id] = body_.add_tensor(from.tensor(id));
            return ids[id];
        };
        for (Node copy : from.nodes) {
            for (TensorId& id : copy.inputs) id = id_of(id);
            for (TensorId& id : copy.outputs) id = id_of(id);
            body_.nodes.push_back(std::move(copy));
        }
        for (size_t i = 0; i < carried; ++i)
            carried_.push_back({node.inputs[sequences + i], ids[from.inputs[sequences + i]],
                                id_of(from.outputs[i]), node.outputs[i]});
        for (size_t i = carried; i < node.outputs.size(); ++i)
            inner_[node.outputs[i]] = id_of(from.outputs[i]);
    }

    TensorId add_constant(Tensor tensor, std::vector<uint8_t> bytes)
    {
        tensor.kind = TensorKind::constant;
        tensor.data = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
        return graph_.add_tensor(std::move(tensor));
    }

    // Of all values of `inner`, the last one is wanted: it is carried, and never read inside.
    void carry_last(TensorId inner, TensorId final)
    {
        Tensor value = body_.tensor(inner);
        const TensorId unread = body_.add_tensor(value);
        value.name = graph_.tensor(final).name + "_before";
        const auto bytes = static_cast<size_t>(value.bytes());
        carried_.push_back(
            {add_constant(value, std::vector<uint8_t>(bytes, 0)), unread, inner, final});
    }

    void add_last_row(const RegionEnd& end)
    {
        const TensorId final = graph_.nodes[end.node].outputs[0];
        TensorId row = inner_.at(end.sequence);
        if (body_.tensor(row).shape != graph_.tensor(final).shape) {
            Node node;
            node.name = graph_.nodes[end.node].name;
            node.op = find_op("reshape");
            node.source_op = "RESHAPE";
            node.inputs = {row};
            Tensor shaped = body_.tensor(row);
            shaped.shape = graph_.tensor(final).shape;
            row = body_.add_tensor(std::move(shaped));
            node.outputs = {row};
            body_.nodes.push_back(std::move(node));
        }
        carry_last(row, final);
    }

    // The numbers of the steps, for the evaluation of dense_accumulate.
    TensorId step_number()
    {
        if (step_ != kNoTensor) return step_;
        std::vector<uint8_t> bytes;
        for (int64_t t = 0; t < region_.steps; ++t)
            for (int byte = 0; byte < 4; ++byte)
                bytes.push_back(static_cast<uint8_t>(t >> (8 * byte)));
        Tensor numbers;
        numbers.name = "step";
        numbers.type = DType::i32;
        numbers.shape = {region_.steps};
        const TensorId outer = add_constant(numbers, std::move(bytes));
        sequences_.push_back(outer);
        numbers.shape = {1};
        step_ = inner_[outer] = body_.add_tensor(std::move(numbers));
        return step_;
    }

    void add_dense(const RegionEnd& end)
    {
        const Node& dense = graph_.nodes[end.node];
        std::optional<SplitDense> split = split_dense(graph_, dense, region_.steps);
        THIMBLE_CHECK(split, dense.name + " cannot be split");
        Tensor sums = split->sums;
        sums.kind = TensorKind::activation;
        sums.data = nullptr;
        Node node;
        node.name = dense.name + "_sums";
        node.op = find_op("dense_accumulate");
        node.source_op = dense.source_op;
        const TensorId in = body_.add_tensor(sums), out = body_.add_tensor(sums);
        node.inputs = {inner_.at(end.sequence), body_.add_tensor(std::move(split->weights)), in,
                       step_number()};
        node.outputs = {out};
        node.op->infer(body_, node);
        body_.nodes.push_back(std::move(node));
        const TensorId output = dense.outputs[0];
        Node finish;
        finish.name = dense.name;
        finish.op = find_op("dense_finish");
        finish.source_op = dense.source_op;
        finish.attributes = split->finish;
        const TensorId final = graph_.add_tensor(std::move(sums));
        finish.inputs = {final};
        finish.outputs = {output};
        finish_.push_back(std::move(finish));
        carried_.push_back({graph_.add_tensor(std::move(split->sums)), in, out, final});
    }

    Node scan()
    {
        ScanAttributes attributes;
        attributes.trip_count = region_.steps;
        attributes.carried = static_cast<int64_t>(carried_.size());
        Node node;
        const Node& first = graph_.nodes[region_.nodes[0]];
        node.name = first.name + "_over_time";
        node.op = find_op("scan");
        node.source_op = first.source_op;
        for (const TensorId id : sequences_) {
            node.inputs.push_back(id);
            body_.inputs.push_back(inner_.at(id));
            attributes.sequence_axes.push_back(time_axis(graph_.tensor(id).shape, region_.steps));
        }
        for (Carried& value : carried_) {
            if (value.final == kNoTensor)
                value.final = graph_.add_tensor(body_.tensor(value.inner_out));
            node.inputs.push_back(value.initial);
            node.outputs.push_back(value.final);
            body_.inputs.push_back(value.inner_in);
            body_.outputs.push_back(value.inner_out);
        }
        for (const TensorId id : captured_) {
            node.inputs.push_back(id);
            body_.inputs.push_back(inner_.at(id));
        }
        for (const TensorId id : region_.stacked) {
            node.outputs.push_back(id);
            body_.outputs.push_back(inner_.at(id));
            attributes.stacked_axes.push_back(time_axis(graph_.tensor(id).shape, region_.steps));
        }
        verify_graph(body_);
        attributes.body = std::make_shared<const Graph>(std::move(body_));
        node.attributes = std::move(attributes);
        node.op->infer(graph_, node);
        return node;
    }

    Graph& graph_;
    const TimeRegion& region_;
    Graph body_;
    std::map<TensorId, TensorId> inner_;  // of the graph -> of the body
    std::vector<TensorId> sequences_, captured_;
    std::vector<Carried> carried_;
    std::vector<Node> finish_;
    TensorId step_ = kNoTensor;
};

std::vector<bool> replaced_nodes(const Graph& graph, const TimeRegion& region)
{
    std::vector<bool> replaced(graph.nodes.size(), false);
    for (const size_t i : region.nodes) replaced[i] = true;
    for (const RegionEnd& end : region.ends) {
        replaced[end.node] = true;
        for (const size_t i : end.passed) replaced[i] = true;
    }
    return replaced;
}

// Nodes before the region's last one that read what it computes: they run behind the loop.
std::vector<bool> deferred_nodes(const Graph& graph, const TimeRegion& region)
{
    const std::vector<bool> replaced = replaced_nodes(graph, region);
    std::vector<bool> late(graph.tensors.size(), false), deferred(graph.nodes.size(), false);
    for (size_t i = 0; i < region.nodes.back(); ++i) {
        const Node& node = graph.nodes[i];
        deferred[i] = !replaced[i] && std::ranges::any_of(node.inputs, [&](TensorId id) {
            return id != kNoTensor && late[static_cast<size_t>(id)];
        });
        if (!replaced[i] && !deferred[i]) continue;
        for (const TensorId id : node.outputs)
            if (id != kNoTensor) late[static_cast<size_t>(id)] = true;
    }
    return deferred;
}

bool share_a_state(const Graph& graph, const Node& a, const Node& b)
{
    return std::ranges::any_of(a.inputs, [&](TensorId id) {
        return id != kNoTensor && graph.tensor(id).kind == TensorKind::state &&
               std::ranges::find(b.inputs, id) != b.inputs.end();
    });
}

// No state is touched both inside and between, or by a node that would overtake another.
bool order_is_free(const Graph& graph, const TimeRegion& region)
{
    const std::vector<bool> replaced = replaced_nodes(graph, region);
    const std::vector<bool> deferred = deferred_nodes(graph, region);
    for (size_t i = region.nodes.front(); i < region.nodes.back(); ++i)
        for (size_t k = i + 1; k <= region.nodes.back(); ++k) {
            const bool swapped = deferred[i] != deferred[k] || replaced[i] != replaced[k];
            if (swapped && share_a_state(graph, graph.nodes[i], graph.nodes[k])) return false;
        }
    return true;
}

// Only the region reads the graph's input, which comes step by step: NAME_step becomes possible.
bool starts_at_the_input(const Graph& graph, const TimeRegion& region)
{
    if (graph.inputs.size() != 1) return false;
    const TensorId x = graph.inputs[0];
    for (const TensorId id : region.sequences)
        if (id != x && !graph.tensor(id).is_constant()) return false;
    for (size_t i = 0; i < graph.nodes.size(); ++i)
        if (std::ranges::find(graph.nodes[i].inputs, x) != graph.nodes[i].inputs.end() &&
            std::ranges::find(region.nodes, i) == region.nodes.end())
            return false;
    return true;
}

bool pays(const Graph& graph, const TimeRegion& region)
{
    if (region.nodes.empty() || !order_is_free(graph, region)) return false;
    if (region.nodes.size() > 1 || !region.ends.empty()) return true;
    // A single layer gains nothing but that it can be fed by steps; a loop is one already.
    return !scan_of(graph.nodes[region.nodes[0]]) && starts_at_the_input(graph, region);
}

void replace(Graph& graph, const TimeRegion& region)
{
    const std::vector<bool> replaced = replaced_nodes(graph, region);
    const std::vector<bool> deferred = deferred_nodes(graph, region);
    std::vector<Node> loop = LoopBuilder(graph, region).build();
    std::vector<Node> nodes, behind;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        if (i == region.nodes.back()) {
            std::ranges::move(loop, std::back_inserter(nodes));
            std::ranges::move(behind, std::back_inserter(nodes));
        }
        if (!replaced[i]) (deferred[i] ? behind : nodes).push_back(std::move(graph.nodes[i]));
    }
    graph.nodes = std::move(nodes);
}

}  // namespace

void stream_time(Graph& graph)
{
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const TimeRegion region = find_time_region(graph, i);
        if (!pays(graph, region)) continue;
        replace(graph, region);
        i = static_cast<size_t>(-1);  // Another region may begin anywhere.
    }
}

}  // namespace thimble
