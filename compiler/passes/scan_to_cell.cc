// A scan whose body computes a float LSTM, GRU or simple RNN cell becomes that operator.
//
//   before:  y = scan(x, h, c) { split(W x + U h + b) -> sigmoid, tanh -> c', h' }
//   after:   y = lstm(x, Wi, Wf, Wc, Wo, Ui, ..., bo, h, c)
//
// cell_pattern.h recognises the dataflow; here the matrices are cut into those of the gates and
// the biases added up. Quantised bodies keep their own arithmetic, operator by operator: the scan
// stays and its `kind` says what it is. prove_same_results decides.
// Tested by tests/unit/passes/while_to_scan_test.cc.
#include "ops/control.h"
#include "ops/new_node.h"
#include "ops/op.h"
#include "passes/cell_pattern.h"
#include "passes/links.h"
#include "passes/passes.h"
#include "passes/proof.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

class Cell {
public:
    Cell(Graph& graph, const Node& scan, const CellPattern& pattern)
        : graph_(graph),
          scan_(scan),
          attributes_(std::any_cast<const ScanAttributes&>(scan.attributes)),
          body_(*attributes_.body),
          pattern_(pattern),
          links_(graph)
    {
    }
    // The operator and the reshapes around it; empty when the form has no operator.
    std::vector<Node> make();

private:
    TensorId h_in() const { return body_.inputs[1 + pattern_.hidden]; }
    TensorId initial(size_t carried) const { return scan_.inputs[1 + carried]; }
    bool used(TensorId id) const
    {
        return links_.is_output[static_cast<size_t>(id)] ||
               !links_.uses[static_cast<size_t>(id)].empty();
    }
    bool set_sizes();
    TensorId constant(const std::string& name, Shape shape, const std::vector<float>& values);
    TensorId weights(const Affine& gate, TensorId source, const std::string& name);
    TensorId bias(const Affine& gate, const std::string& name);
    TensorId input();
    void add_outputs(Node& node);
    bool add_inputs(Node& node);
    template <typename Attributes>
    Attributes common() const
    {
        Attributes result;
        result.time_major = time_major_;
        result.reverse = attributes_.reverse;
        result.return_sequences = !attributes_.stacked_axes.empty();
        result.activation = pattern_.activation;
        result.recurrent_activation = pattern_.recurrent_activation;
        return result;
    }

    Graph& graph_;
    const Node scan_;
    const ScanAttributes attributes_;
    const Graph& body_;
    const CellPattern& pattern_;
    const Links links_;
    int64_t batches_ = 1, units_ = 0, in_count_ = 0;
    bool time_major_ = false;
    std::vector<Node> before_, after_;
};

bool Cell::set_sizes()
{
    const Tensor& h = body_.tensor(h_in());
    const Tensor& x = body_.tensor(body_.inputs[0]);
    if (h.type != DType::f32 || x.type != DType::f32 || h.shape.empty()) return false;
    units_ = h.shape.back();
    batches_ = units_ > 0 ? h.count() / units_ : 0;
    if (batches_ < 1 || x.count() % batches_ != 0) return false;
    in_count_ = x.count() / batches_;
    const Shape& shape = graph_.tensor(scan_.inputs[0]).shape;
    const auto axis = static_cast<size_t>(attributes_.sequence_axes[0]);
    time_major_ = shape.size() == 3 && axis == 0;
    const size_t batch_axis = time_major_ ? 1 : 0;
    const bool plain = shape.size() == 3 && axis < 2 && shape[batch_axis] == batches_;
    if (batches_ > 1) return plain;
    return true;
}

TensorId Cell::constant(const std::string& name, Shape shape, const std::vector<float>& values)
{
    Tensor tensor;
    tensor.name = scan_.name + "_" + name;
    tensor.shape = std::move(shape);
    const TensorId id = graph_.add_tensor(std::move(tensor));
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    graph_.set_constant(id, {bytes, bytes + values.size() * sizeof(float)});
    return id;
}

// The gate's matrix for one source, stored as the whole one is; zeros when the gate does not read
// it.
TensorId Cell::weights(const Affine& gate, TensorId source, const std::string& name)
{
    const int64_t columns = source == body_.inputs[0] ? in_count_ : units_;
    const auto term = std::ranges::find(gate.terms, source, &AffineTerm::source);
    if (term == gate.terms.end())
        return constant(name, {units_, columns},
                        std::vector<float>(static_cast<size_t>(units_ * columns), 0.0f));
    const Tensor& whole = body_.tensor(term->weights);
    const bool by_row = whole.quant.per_channel() && whole.quant.axis == 0;
    const bool known = whole.type == DType::f32 || whole.type == DType::f16 ||
                       (whole.type == DType::i8 && (by_row || !whole.quant.per_channel()));
    if (!known || term->columns != columns || term->row + units_ > whole.shape[0]) return kNoTensor;
    const int64_t size = element_bytes(whole.type);
    std::vector<uint8_t> bytes;
    for (int64_t o = 0; o < units_; ++o) {
        const int64_t first = (term->row + o) * whole.shape[1] + term->column;
        const auto from = whole.data->begin() + first * size;
        bytes.insert(bytes.end(), from, from + columns * size);
    }
    Tensor part;
    part.name = scan_.name + "_" + name;
    part.type = whole.type;
    part.quant = whole.quant;
    if (by_row) {  // One scale a row: those of the gate's rows.
        const auto cut = [&](auto& values) {
            if (values.size() <= 1) return;
            const auto from = values.begin() + term->row;
            values = {from, from + units_};
        };
        cut(part.quant.scales);
        cut(part.quant.zero_points);
    }
    part.shape = {units_, columns};
    const TensorId id = graph_.add_tensor(std::move(part));
    graph_.set_constant(id, std::move(bytes));
    return id;
}

TensorId Cell::bias(const Affine& gate, const std::string& name)
{
    std::vector<float> values(static_cast<size_t>(units_), 0.0f);
    for (const AffineBias& term : gate.biases) {
        const Tensor& whole = body_.tensor(term.bias);
        const bool single = whole.count() == 1;
        if (whole.type != DType::f32 || (!single && term.row + units_ > whole.count()))
            return kNoTensor;
        const auto from = whole.values<float>();
        for (int64_t o = 0; o < units_; ++o)
            values[static_cast<size_t>(o)] += from[static_cast<size_t>(single ? 0 : term.row + o)];
    }
    return constant(name, {units_}, values);
}

// The sequence as [n, T, i] or [T, n, i].
TensorId Cell::input()
{
    const TensorId x = scan_.inputs[0];
    const Shape wanted = time_major_ ? Shape{attributes_.trip_count, batches_, in_count_}
                                     : Shape{batches_, attributes_.trip_count, in_count_};
    if (graph_.tensor(x).shape == wanted) return x;
    before_.push_back(new_reshape(graph_, x, wanted, graph_.tensor(x).name + "_sequence"));
    return before_.back().outputs[0];
}

bool Cell::add_inputs(Node& node)
{
    const TensorId x = body_.inputs[0], h = h_in();
    const std::vector<Affine>& gates = pattern_.gates;
    bool complete = true;
    const auto set = [&](size_t index, TensorId id) {
        node.inputs[index] = id;
        complete = complete && id != kNoTensor;
    };
    const std::string names = pattern_.kind == "lstm"  ? "ifco"
                              : pattern_.kind == "gru" ? "zrh"
                                                       : "h";
    const auto name = [&](const char* part, size_t g) {
        return fmt::format("{}_{}", part, names[g]);
    };
    if (pattern_.kind == "lstm") {
        node.inputs.assign(lstm_input::count, kNoTensor);
        for (size_t g = 0; g < 4; ++g) {
            set(lstm_input::input_weights + g, weights(gates[g], x, name("input", g)));
            set(lstm_input::recurrent_weights + g, weights(gates[g], h, name("recurrent", g)));
            set(lstm_input::biases + g, bias(gates[g], name("bias", g)));
        }
        set(lstm_input::hidden, initial(pattern_.hidden));
        set(lstm_input::cell, initial(pattern_.cell));
    } else if (pattern_.kind == "gru") {
        node.inputs.assign(gru_input::count, kNoTensor);
        for (size_t g = 0; g < 3; ++g) {
            const bool apart = g == 2 && pattern_.reset_after;
            const Affine& recurrent = apart ? pattern_.recurrent_candidate : gates[g];
            set(gru_input::input_weights + g, weights(gates[g], x, name("input", g)));
            set(gru_input::recurrent_weights + g, weights(recurrent, h, name("recurrent", g)));
            set(gru_input::input_biases + g, bias(gates[g], name("bias", g)));
            set(gru_input::recurrent_biases + g,
                bias(apart ? recurrent : Affine{}, name("recurrent_bias", g)));
        }
        set(gru_input::hidden, initial(0));
    } else {
        node.inputs.assign(simple_rnn_input::count, kNoTensor);
        set(simple_rnn_input::input_weights, weights(gates[0], x, name("input", 0)));
        set(simple_rnn_input::recurrent_weights, weights(gates[0], h, name("recurrent", 0)));
        set(simple_rnn_input::bias, bias(gates[0], name("bias", 0)));
        set(simple_rnn_input::hidden, initial(0));
    }
    node.inputs[0] = input();
    return complete;
}

// Outputs keep their tensors; where the shape differs a reshape stands between.
void Cell::add_outputs(Node& node)
{
    const auto output = [&](TensorId target, const Shape& shape) {
        if (target != kNoTensor && graph_.tensor(target).shape == shape)
            return node.outputs.push_back(target);
        Tensor tensor;
        tensor.name = fmt::format("{}_{}", scan_.name, node.outputs.size());
        tensor.shape = shape;
        node.outputs.push_back(graph_.add_tensor(std::move(tensor)));
        if (target == kNoTensor) return;
        after_.push_back(new_reshape(graph_, node.outputs.back(),
                                     Shape(graph_.tensor(target).shape),
                                     std::string(graph_.tensor(target).name)));
        after_.back().outputs[0] = target;
    };
    const Shape state = {batches_, units_};
    const TensorId h = scan_.outputs[pattern_.hidden];
    const bool cell = pattern_.kind == "lstm" && used(scan_.outputs[pattern_.cell]);
    if (attributes_.stacked_axes.empty()) {
        output(h, state);
        if (cell) output(kNoTensor, state);
    } else {
        output(scan_.outputs.back(), time_major_ ? Shape{attributes_.trip_count, batches_, units_}
                                                 : Shape{batches_, attributes_.trip_count, units_});
        if (used(h) || cell) output(used(h) ? h : kNoTensor, state);
    }
    if (cell) output(scan_.outputs[pattern_.cell], state);
}

std::vector<Node> Cell::make()
{
    Node node;
    node.op = find_op(pattern_.kind);
    node.name = scan_.name;
    node.source_op = scan_.source_op;
    if (!node.op || !set_sizes()) return {};
    // All outputs but the carried values are the hidden state of each step, time in its place.
    if (attributes_.stacked_axes.size() > 1) return {};
    if (!attributes_.stacked_axes.empty()) {
        const TensorId stacked = without_reshapes(body_, body_.outputs.back());
        if (stacked != without_reshapes(body_, body_.outputs[pattern_.hidden])) return {};
        const Shape& shape = graph_.tensor(scan_.outputs.back()).shape;
        const auto axis = static_cast<size_t>(attributes_.stacked_axes[0]);
        if (batches_ > 1 && (shape.size() != 3 || axis != (time_major_ ? 0u : 1u))) return {};
    }
    if (!add_inputs(node)) return {};
    add_outputs(node);
    if (pattern_.kind == "lstm") node.attributes = common<LstmAttributes>();
    if (pattern_.kind == "simple_rnn") node.attributes = common<SimpleRnnAttributes>();
    if (pattern_.kind == "gru") {
        auto gru = common<GruAttributes>();
        gru.reset_after = pattern_.reset_after;
        node.attributes = gru;
    }
    node.op->infer(graph_, node);
    std::vector<Node> nodes = std::move(before_);
    nodes.push_back(std::move(node));
    for (Node& reshape : after_) nodes.push_back(std::move(reshape));
    return nodes;
}

void rewrite_scan(Graph& graph, size_t index)
{
    Node& scan = graph.nodes[index];
    auto attributes = std::any_cast<ScanAttributes>(scan.attributes);
    const auto carried = static_cast<size_t>(attributes.carried);
    if (attributes.sequence_axes.size() != 1 || scan.inputs.size() != 1 + carried) return;
    const std::optional<CellPattern> pattern = match_cell(*attributes.body, 0, carried);
    if (!pattern) return;
    attributes.kind = pattern->kind;
    scan.attributes = attributes;
    Graph changed = graph;
    std::vector<Node> nodes;
    try {
        nodes = Cell(changed, scan, *pattern).make();
    } catch (const Error&) {
        return;  // The operator does not know this variant; the scan is right, too.
    }
    if (nodes.empty()) return;
    const auto at = changed.nodes.begin() + static_cast<int64_t>(index);
    changed.nodes.insert(changed.nodes.erase(at), nodes.begin(), nodes.end());
    verify_graph(changed);
    const Proof proof = prove_same_results(graph, changed);
    if (!proof.equal) {
        graph.notes.push_back(fmt::format("loop '{}' looks like {}, but {}",
                                          graph.nodes[index].name, pattern->kind,
                                          proof.difference));
        return;
    }
    changed.notes.push_back(
        fmt::format("the {} steps of loop '{}' became one {}, checked on {} inputs",
                    attributes.trip_count, graph.nodes[index].name, pattern->kind, kProofInputs));
    graph = std::move(changed);
}

// A cell of a graph, with the step's input `x` and states that are inputs and outputs of the graph,
// in the form of a body and of the scan that would hold it.
struct CellView {
    Graph body;
    CellPattern pattern;
    TensorId x;
    std::vector<TensorId> states, results;
};

std::optional<CellView> match_states(const Graph& graph, TensorId x, std::vector<TensorId> states,
                                     std::vector<TensorId> results)
{
    Graph body = graph;
    body.inputs = {x};
    body.inputs.insert(body.inputs.end(), states.begin(), states.end());
    body.outputs = results;
    std::optional<CellPattern> pattern = match_cell(body, 0, states.size());
    if (!pattern) return std::nullopt;
    return CellView{std::move(body), std::move(*pattern), x, std::move(states), std::move(results)};
}

// Tries what a product reads as x, and graph inputs and outputs of one shape as states. Two states
// come first: in an LSTM h alone would not be a cell.
std::optional<CellView> find_cell(const Graph& graph)
{
    const auto same = [&](TensorId a, TensorId b) {
        return same_form(graph.tensor(a), graph.tensor(b));
    };
    std::vector<TensorId> sources;
    for (const Node& node : graph.nodes)
        if (node.op && node.op->name == "dense")
            sources.push_back(without_reshapes(graph, node.inputs[0]));
    for (const size_t count : {size_t{2}, size_t{1}})
        for (const TensorId x : sources)
            for (const TensorId h : graph.inputs)
                for (const TensorId c : graph.inputs)
                    for (const TensorId new_h : graph.outputs)
                        for (const TensorId new_c : graph.outputs) {
                            const bool two = count == 2;
                            if (x == h || !same(h, new_h)) continue;
                            if (two ? c == h || c == x || new_c == new_h || !same(c, new_c)
                                    : c != h || new_c != new_h)
                                continue;
                            auto view = two ? match_states(graph, x, {h, c}, {new_h, new_c})
                                            : match_states(graph, x, {h}, {new_h});
                            if (view) return view;
                        }
    return std::nullopt;
}

}  // namespace

bool recognise_cell_graph(Graph& graph)
{
    constexpr size_t kPortsMax = 8;  // the search is over all pairs of inputs and of outputs
    if (graph.inputs.size() > kPortsMax || graph.outputs.size() > kPortsMax) return false;
    remove_dead_nodes(graph);
    const std::optional<CellView> view = find_cell(graph);
    if (!view) return false;
    Graph changed = graph;
    Shape sequence = graph.tensor(view->x).shape;
    sequence.insert(sequence.begin(), 1);
    Node reshape = new_reshape(changed, view->x, sequence, graph.tensor(view->x).name + "_step");
    Node scan;
    scan.name = graph.tensor(view->results[0]).name;
    scan.source_op = "CELL";
    scan.inputs = {reshape.outputs[0]};
    scan.inputs.insert(scan.inputs.end(), view->states.begin(), view->states.end());
    scan.outputs = view->results;
    ScanAttributes attributes;
    attributes.body = std::make_shared<const Graph>(view->body);
    attributes.trip_count = 1;
    attributes.sequence_axes = {0};
    attributes.carried = static_cast<int64_t>(view->states.size());
    scan.attributes = std::move(attributes);
    std::vector<Node> nodes;
    try {
        nodes = Cell(changed, scan, view->pattern).make();
    } catch (const Error&) {
        return false;  // The operator does not know this variant.
    }
    if (nodes.empty()) return false;
    std::erase_if(changed.nodes, [&](const Node& node) {
        return std::ranges::any_of(
            node.outputs, [&](TensorId id) { return std::ranges::count(view->results, id) > 0; });
    });
    changed.nodes.push_back(std::move(reshape));
    for (Node& node : nodes) changed.nodes.push_back(std::move(node));
    if (!sort_nodes(changed)) return false;
    remove_dead_nodes(changed);
    verify_graph(changed);
    if (!prove_same_results(graph, changed).equal) return false;
    changed.notes.push_back(fmt::format("the cell '{}' became one {}, checked on {} inputs",
                                        scan.name, view->pattern.kind, kProofInputs));
    graph = std::move(changed);
    return true;
}

void scan_to_cell(Graph& graph)
{
    for (size_t n = 0; n < graph.nodes.size(); ++n)
        if (graph.nodes[n].op && graph.nodes[n].op->name == "scan") rewrite_scan(graph, n);
}

}  // namespace thimble
