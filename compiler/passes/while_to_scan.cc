// A WHILE that counts its steps becomes a scan.
//
//   before:  while (i < 10) { y = update(y, f(gather(x, i), h), [i, 0, 0]);  h = ...;  i = i + 1 }
//   after:   y = scan over 10 steps { f(x_t, h) }
//
// What the loop carries falls into five classes:
//   counter    an integer that starts from a constant and grows by one
//   invariant  the body gives it back as it got it
//   list       the body overwrites one element, at the place that a counter names: a stacked output
//   copy       the body does not read it, and returns another result of the step in another shape:
//              it is that result's last value
//   carried    anything else
// An invariant that the body reads with gather at a counter is a sequence. The condition must be
// LESS of a counter and a constant, or a LOGICAL_AND of those, so that the number of steps is
// known. Converters write the loops of recurrent layers in this way. prove_same_results decides.
// Tested by tests/unit/passes/while_to_scan_test.cc.
#include "ops/control.h"
#include "ops/new_node.h"
#include "ops/op.h"
#include "passes/links.h"
#include "passes/passes.h"
#include "passes/proof.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>

namespace thimble {

namespace {

constexpr int64_t kStepsMax = 1 << 20;

enum class Class : uint8_t { carried, counter, invariant, list, copy };

class Loop {
public:
    Loop(Graph& graph, size_t index)
        : graph_(graph),
          node_(graph.nodes[index]),
          links_(graph),
          attributes_(std::any_cast<const WhileAttributes&>(node_.attributes)),
          body_(*attributes_.body),
          body_links_(body_)
    {
    }
    // The reason why it is no scan; empty when it can be one.
    std::string analyse();
    // The scan, and the nodes that give its results their old names.
    std::vector<Node> rewrite();
    int64_t steps() const { return trip_count_; }

private:
    struct Read {
        size_t node;    // the gather, in the body
        size_t source;  // the invariant that it reads
    };
    size_t count() const { return node_.outputs.size(); }
    std::optional<int64_t> start_of(size_t i) const;
    bool is_counter(size_t i) const;
    int64_t steps_of(TensorId condition, const Graph& graph, const Links& links) const;
    std::optional<int64_t> constant_of(const Graph& graph, TensorId id) const;
    size_t input_of(const Graph& graph, TensorId id) const;
    bool names_counter(TensorId id) const;
    std::optional<TensorId> list_value(size_t i) const;
    std::optional<size_t> copied_result(size_t i) const;
    std::optional<std::vector<uint8_t>> fixed_value(TensorId id) const;
    void find_reads();
    Graph scan_body() const;
    TensorId sequence(size_t source, std::vector<Node>& nodes);

    Graph& graph_;
    const Node node_;
    const Links links_;
    const WhileAttributes attributes_;
    const Graph& body_;
    const Links body_links_;
    int64_t trip_count_ = 0;
    int64_t first_ = 0;           // what the counters start from
    std::vector<Class> classes_;  // by input of the node
    std::vector<Read> reads_;
    std::vector<size_t> sequences_;     // invariants that are read so
    std::map<size_t, TensorId> lists_;  // by input: the value that is written
    std::map<size_t, size_t> copies_;   // by input: the carried value that it is
    std::vector<size_t> carried_, captured_;
    std::map<size_t, std::vector<uint8_t>> fixed_;  // captured, but known now
};

const Node* node_of(const Graph& graph, const Links& links, TensorId id, std::string_view op)
{
    if (id == kNoTensor || links.producer[static_cast<size_t>(id)] == kNoNode) return nullptr;
    const Node& node = graph.nodes[links.producer[static_cast<size_t>(id)]];
    return node.op && node.op->name == op ? &node : nullptr;
}

bool is_scalar_integer(const Tensor& tensor)
{
    return tensor.count() == 1 && (tensor.type == DType::i32 || tensor.type == DType::i64);
}

// Which input of the body or condition the tensor is; count of the inputs when it is none.
size_t Loop::input_of(const Graph& graph, TensorId id) const
{
    return static_cast<size_t>(std::ranges::find(graph.inputs, id) - graph.inputs.begin());
}

// The value of an integer that is a constant, or an invariant that starts from one.
std::optional<int64_t> Loop::constant_of(const Graph& graph, TensorId id) const
{
    if (graph.tensor(id).is_constant() && is_scalar_integer(graph.tensor(id)))
        return graph.tensor(id).integers()[0];
    const size_t input = input_of(graph, id);
    if (input >= graph.inputs.size()) return std::nullopt;
    if (input < count() && classes_[input] != Class::invariant) return std::nullopt;
    return start_of(input);
}

std::optional<int64_t> Loop::start_of(size_t i) const
{
    const Tensor& start = graph_.tensor(node_.inputs[i]);
    if (!start.is_constant() || !is_scalar_integer(start)) return std::nullopt;
    return start.integers()[0];
}

bool Loop::is_counter(size_t i) const
{
    const Node* add = node_of(body_, body_links_, body_.outputs[i], "add");
    if (!add || add->source_op != "ADD" || !has_default_attributes(*add) || !start_of(i))
        return false;
    for (const size_t self : {size_t{0}, size_t{1}})
        if (add->inputs[self] == body_.inputs[i] &&
            constant_of(body_, add->inputs[1 - self]) == int64_t{1})
            return true;
    return false;
}

// How often the condition gives true; -1 when that is not known.
int64_t Loop::steps_of(TensorId condition, const Graph& graph, const Links& links) const
{
    if (const Node* both = node_of(graph, links, condition, "logical");
        both && both->source_op == "LOGICAL_AND") {
        const int64_t a = steps_of(both->inputs[0], graph, links);
        const int64_t b = steps_of(both->inputs[1], graph, links);
        return a < 0 || b < 0 ? -1 : std::min(a, b);
    }
    const Node* less = node_of(graph, links, condition, "compare");
    if (!less || less->source_op != "LESS") return -1;
    const size_t counter = input_of(graph, less->inputs[0]);
    const std::optional<int64_t> limit = constant_of(graph, less->inputs[1]);
    if (counter >= count() || classes_[counter] != Class::counter || !limit) return -1;
    const int64_t steps = *limit - *start_of(counter);
    return std::clamp<int64_t>(steps, 0, kStepsMax);
}

// [i, 0, ...] or i itself, i a counter that starts as the others do.
bool Loop::names_counter(TensorId id) const
{
    if (const Node* join = node_of(body_, body_links_, id, "concat")) {
        for (size_t k = 1; k < join->inputs.size(); ++k) {
            const Tensor& rest = body_.tensor(join->inputs[k]);
            if (!rest.is_constant()) return false;
            for (const int64_t number : rest.integers())
                if (number != 0) return false;
        }
        id = join->inputs[0];
    }
    while (const Node* reshape = node_of(body_, body_links_, id, "reshape"))
        id = reshape->inputs[0];
    const size_t input = input_of(body_, id);
    return input < count() && classes_[input] == Class::counter && start_of(input) == first_ &&
           body_.tensor(id).count() == 1;
}

// What is written into list `i` in every step, when every step writes one element.
std::optional<TensorId> Loop::list_value(size_t i) const
{
    const Node* write = node_of(body_, body_links_, body_.outputs[i], "dynamic_update_slice");
    const auto slot = static_cast<size_t>(body_.inputs[i]);
    if (!write || write->inputs[0] != body_.inputs[i] || body_links_.uses[slot].size() != 1)
        return std::nullopt;
    const Shape& whole = body_.tensor(body_.inputs[i]).shape;
    Shape part = whole;
    if (part.empty()) return std::nullopt;
    part[0] = 1;
    const bool fits = first_ == 0 && whole[0] == trip_count_ &&
                      body_.tensor(write->inputs[1]).shape == part &&
                      names_counter(write->inputs[2]);
    return fits ? std::optional(write->inputs[1]) : std::nullopt;
}

// The carried value whose new value the body gives to output `i` in another shape.
std::optional<size_t> Loop::copied_result(size_t i) const
{
    if (!body_links_.uses[static_cast<size_t>(body_.inputs[i])].empty()) return std::nullopt;
    const Node* reshape = node_of(body_, body_links_, body_.outputs[i], "reshape");
    if (!reshape) return std::nullopt;
    for (size_t k = 0; k < count(); ++k)
        if (k != i && body_.outputs[k] == reshape->inputs[0] && classes_[k] == Class::carried)
            return k;
    return std::nullopt;
}

// What a captured tensor holds when a single node makes it from constants: a bias that is stored as
// float16. Weights are constants of the body already.
std::optional<std::vector<uint8_t>> Loop::fixed_value(TensorId id) const
{
    constexpr int64_t kBytesMax = 4096;
    const Tensor& tensor = graph_.tensor(id);
    if (tensor.is_constant()) return *tensor.data;
    const size_t producer = links_.producer[static_cast<size_t>(id)];
    if (producer == kNoNode || tensor.bytes() > kBytesMax) return std::nullopt;
    const Node& node = graph_.nodes[producer];
    if (node.outputs.size() != 1 || !bodies_of(node).empty() || has_side_effect(node))
        return std::nullopt;
    std::vector<std::vector<uint8_t>> values(graph_.tensors.size());
    for (const TensorId in : node.inputs) {
        if (in == kNoTensor) continue;
        if (!graph_.tensor(in).is_constant()) return std::nullopt;
        values[static_cast<size_t>(in)] = *graph_.tensor(in).data;
    }
    values[static_cast<size_t>(id)].resize(static_cast<size_t>(tensor.bytes()));
    EvalContext context(graph_, node, values, Match::tflm);
    node.op->eval(context);
    return values[static_cast<size_t>(id)];
}

// Gathers of whole elements of an invariant at a counter.
void Loop::find_reads()
{
    for (size_t n = 0; n < body_.nodes.size(); ++n) {
        const Node& node = body_.nodes[n];
        if (!node.op || node.op->name != "gather" || !has_default_attributes(node)) continue;
        const size_t source = input_of(body_, node.inputs[0]);
        if (source >= body_.inputs.size() || !names_counter(node.inputs[1])) continue;
        if (source < count() && classes_[source] != Class::invariant) continue;
        const Tensor& whole = body_.tensor(node.inputs[0]);
        if (whole.kind == TensorKind::state || first_ < 0 || whole.shape[0] < first_ + trip_count_)
            continue;
        reads_.push_back({n, source});
        if (!std::ranges::count(sequences_, source)) sequences_.push_back(source);
    }
}

std::string Loop::analyse()
{
    if (body_.inputs.size() != node_.inputs.size() || body_.outputs.size() != count())
        return "its graphs take other values than the loop";
    classes_.assign(node_.inputs.size(), Class::invariant);
    for (size_t i = 0; i < count(); ++i)
        if (body_.outputs[i] != body_.inputs[i]) classes_[i] = Class::carried;
    for (size_t i = 0; i < count(); ++i)
        if (classes_[i] == Class::carried && is_counter(i)) classes_[i] = Class::counter;
    const Graph& condition = *attributes_.condition;
    trip_count_ = steps_of(condition.outputs[0], condition, Links(condition));
    if (trip_count_ <= 0 || trip_count_ == kStepsMax)
        return "its number of steps is not a constant";
    for (size_t i = count(); i-- > 0;)
        if (classes_[i] == Class::counter) first_ = *start_of(i);
    find_reads();
    for (size_t i = 0; i < count(); ++i) {
        if (classes_[i] != Class::carried) continue;
        if (const auto value = list_value(i)) lists_[i] = *value;
        if (lists_.count(i))
            classes_[i] = Class::list;
        else if (const auto copied = copied_result(i))
            copies_[i] = *copied;
    }
    for (const auto& [copy, result] : copies_)
        if (!copies_.count(result)) classes_[copy] = Class::copy;
    return "";
}

// The body of the scan: the loop's body with slices for gathers, without what only counts.
Graph Loop::scan_body() const
{
    Graph body = body_;
    const std::vector<TensorId> old_inputs = body.inputs;
    body.inputs.clear();
    body.outputs.clear();
    std::map<size_t, TensorId> slices;
    std::vector<Node> reshapes;
    for (const size_t source : sequences_) {
        Tensor slice = body.tensor(old_inputs[source]);
        slice.name += "_slice";
        slice.shape[0] = 1;
        slices[source] = body.add_tensor(std::move(slice));
        body.inputs.push_back(slices[source]);
    }
    for (const Read& read : reads_) {
        Node& gather = body.nodes[read.node];
        const TensorId result = gather.outputs[0];
        Node reshape = new_reshape(body, slices[read.source], body.tensor(result).shape,
                                   body.tensor(result).name);
        reshape.outputs[0] = result;
        gather = std::move(reshape);
    }
    for (const size_t i : carried_) body.inputs.push_back(old_inputs[i]);
    for (const size_t i : captured_) body.inputs.push_back(old_inputs[i]);
    for (const auto& [i, bytes] : fixed_) body.set_constant(old_inputs[i], bytes);
    for (const size_t i : carried_) body.outputs.push_back(body_.outputs[i]);
    for (const auto& [list, value] : lists_) body.outputs.push_back(value);
    remove_dead_nodes(body);
    return body;
}

TensorId Loop::sequence(size_t source, std::vector<Node>& nodes)
{
    const TensorId whole = node_.inputs[source];
    const Shape shape = graph_.tensor(whole).shape;
    if (shape[0] == trip_count_) return whole;
    Shape begin(shape.size(), 0), size = shape;
    begin[0] = first_;
    size[0] = trip_count_;
    nodes.push_back(new_slice(graph_, whole, begin, size, graph_.tensor(whole).name + "_part"));
    return nodes.back().outputs[0];
}

std::vector<Node> Loop::rewrite()
{
    // Which inputs the body still reads once gathers and lists are gone shows a first version.
    for (size_t i = 0; i < count(); ++i)
        if (classes_[i] == Class::carried) carried_.push_back(i);
    Graph draft = scan_body();
    carried_.clear();
    std::vector<bool> read(body_.tensors.size(), false);
    for (const Node& node : draft.nodes)
        for (const TensorId id : node.inputs)
            if (id != kNoTensor && static_cast<size_t>(id) < read.size())
                read[static_cast<size_t>(id)] = true;
    for (const TensorId id : draft.outputs) read[static_cast<size_t>(id)] = true;
    std::vector<Node> nodes;
    for (size_t i = 0; i < node_.inputs.size(); ++i) {
        const TensorId out = i < count() ? node_.outputs[i] : kNoTensor;
        const bool wanted = out != kNoTensor && (links_.is_output[static_cast<size_t>(out)] ||
                                                 !links_.uses[static_cast<size_t>(out)].empty());
        const bool is_read = read[static_cast<size_t>(body_.inputs[i])];
        if (classes_[i] == Class::carried || (classes_[i] == Class::counter && (is_read || wanted)))
            carried_.push_back(i);
        if (classes_[i] == Class::invariant && is_read) {
            if (const auto bytes = fixed_value(node_.inputs[i])) fixed_[i] = *bytes;
            else captured_.push_back(i);
        }
        if (classes_[i] == Class::invariant && wanted) graph_.replace_uses(out, node_.inputs[i]);
    }
    Node scan;
    scan.op = find_op("scan");
    scan.source_op = node_.source_op;
    scan.name = node_.name;
    ScanAttributes attributes;
    attributes.trip_count = trip_count_;
    attributes.carried = static_cast<int64_t>(carried_.size());
    for (const size_t source : sequences_) {
        scan.inputs.push_back(sequence(source, nodes));
        attributes.sequence_axes.push_back(0);
    }
    for (const size_t i : carried_) {
        scan.inputs.push_back(node_.inputs[i]);
        scan.outputs.push_back(node_.outputs[i]);
    }
    for (const size_t i : captured_) scan.inputs.push_back(node_.inputs[i]);
    for (const auto& [list, value] : lists_) {
        scan.outputs.push_back(node_.outputs[list]);
        attributes.stacked_axes.push_back(0);
    }
    attributes.body = std::make_shared<const Graph>(scan_body());
    scan.attributes = std::move(attributes);
    scan.op->infer(graph_, scan);
    nodes.push_back(std::move(scan));
    for (const auto& [copy, result] : copies_) {
        if (classes_[copy] != Class::copy) continue;
        const Tensor& to = graph_.tensor(node_.outputs[copy]);
        nodes.push_back(
            new_reshape(graph_, node_.outputs[result], Shape(to.shape), std::string(to.name)));
        nodes.back().outputs[0] = node_.outputs[copy];
    }
    return nodes;
}

// True when the loop at `index` became a scan.
bool rewrite_loop(Graph& graph, size_t index)
{
    Graph changed = graph;
    Loop loop(changed, index);
    const std::string name = graph.nodes[index].name;
    const std::string reason = loop.analyse();
    if (!reason.empty()) {
        graph.notes.push_back(fmt::format("loop '{}' stays a loop: {}", name, reason));
        return false;
    }
    std::vector<Node> nodes = loop.rewrite();
    const auto at = changed.nodes.begin() + static_cast<int64_t>(index);
    changed.nodes.insert(changed.nodes.erase(at), nodes.begin(), nodes.end());
    remove_dead_nodes(changed);
    verify_graph(changed);
    const Proof proof = prove_same_results(graph, changed);
    if (!proof.equal) {
        graph.notes.push_back(
            fmt::format("loop '{}' stays a loop: as a scan {}", name, proof.difference));
        return false;
    }
    changed.notes.push_back(fmt::format("loop '{}' became a scan of {} steps, checked on {} inputs",
                                        name, loop.steps(), kProofInputs));
    graph = std::move(changed);
    return true;
}

}  // namespace

void while_to_scan(Graph& graph)
{
    remove_dead_nodes(graph);
    for (size_t n = 0; n < graph.nodes.size(); ++n)
        if (graph.nodes[n].op && graph.nodes[n].op->name == "while") rewrite_loop(graph, n);
}

}  // namespace thimble
