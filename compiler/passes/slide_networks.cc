// A network behind a sliding window computes the new rows only.
//
//   before:  rows -> slide -> valid; if (valid) { window [W] -> conv -> relu -> dense }
//   after:   rows -> slide -> ring of the last k rows -> conv -> relu -> slide -> valid;
//            if (valid) { all rows of the relu -> dense }
//
// Layers whose rows are the same in the next window (sliding_rows.h) leave the branch. They run
// once for every hop, on the new rows: those that look k rows back read a ring of their own, filled
// by another slide. What reads all rows stays in the branch, with a ring of all of them in place of
// the window. The last ring counts the ticks: it is complete exactly when the window was. Until
// then the layers run on rows that are zeros in part, and nothing reads what they give.
//
// Where a tick brings fewer rows than a hop, a slide collects them, and all of it is another `if`.
// Only windows that the project marks; the oracle keeps computing whole windows.
// Tested by tests/unit/project/sliding_test.cc.
#include "ops/control.h"
#include "ops/op.h"
#include "ops/stream.h"
#include "passes/links.h"
#include "passes/passes.h"
#include "passes/sliding_network.h"

#include <fmt/format.h>
#include <functional>
#include <map>

namespace thimble {

namespace {

[[noreturn]] void refuse(const SlidingNetwork& network)
{
    const WhyWhole& why = *network.why;
    const std::string remedy = why.remedy.empty() ? "" : why.remedy + ", or ";
    fail(ErrorCode::T0106,
         {fmt::format("stage '{}': sliding = true", network.window),
          fmt::format("layer '{}' needs the whole window: {}", why.layer, why.reason),
          "in front of it, layers that multiply and do not pad in time, with a hop that is a "
          "multiple of their strides",
          remedy + "sliding = false"});
}

// Declares a state in the graph, or has it declared around the graph.
using DeclareState = std::function<TensorId(Tensor)>;

// Writes nodes into a graph: slides, and layers of a body for fewer rows.
class RowsWriter {
public:
    RowsWriter(Graph& to, std::vector<Node>& nodes, DeclareState declare)
        : to_(to), nodes_(nodes), declare_(std::move(declare))
    {
    }

    struct Slid {
        TensorId ring, valid;
    };
    // When a slide's ring is complete: in the runs that end row first, first + hop, ...
    struct Due {
        int64_t first, hop;
    };
    // Keeps the last rows of what is like `like`, in a state of this shape.
    Slid slide(TensorId rows, const std::string& name, const Tensor& like, Shape shape,
               int64_t length, Due due)
    {
        Tensor held;
        held.name = name;
        held.type = like.type;
        held.shape = std::move(shape);
        held.quant = like.quant;
        Tensor missing;
        missing.name = name + "_missing";
        missing.type = DType::i16;
        missing.shape = {1};
        missing.data = std::make_shared<const std::vector<uint8_t>>(std::vector<uint8_t>{
            static_cast<uint8_t>(due.first), static_cast<uint8_t>(due.first >> 8)});
        Tensor valid;
        valid.name = name + "_valid";
        Node node;
        node.name = name;
        node.op = find_op("slide");
        node.source_op = "slide";
        node.attributes = SlideAttributes{.hop = due.hop, .length = length};
        const TensorId state = declare_(std::move(held));
        node.inputs = {rows, state, declare_(std::move(missing))};
        const TensorId complete = to_.add_tensor(std::move(valid));
        node.outputs = {complete};
        add(std::move(node));
        return {state, complete};
    }

    TensorId reshape(TensorId from, const std::string& name, const Shape& shape)
    {
        Tensor out = to_.tensor(from);
        if (out.shape == shape) return from;
        out.name = name;
        out.kind = TensorKind::activation;
        out.data = nullptr;
        out.shape = shape;
        Node node;
        node.name = name;
        node.op = find_op("reshape");
        node.source_op = "RESHAPE";
        node.inputs = {from};
        node.outputs = {to_.add_tensor(std::move(out))};
        add(std::move(node));
        return nodes_.back().outputs[0];
    }

    void add(Node node)
    {
        node.op->infer(to_, node);
        nodes_.push_back(std::move(node));
    }

    Graph& graph() { return to_; }

private:
    Graph& to_;
    std::vector<Node>& nodes_;
    DeclareState declare_;
};

// The layers of `found`, for their new rows.
class NewRows {
public:
    NewRows(const Graph& body, const SlidingRows& found, RowsWriter& writer)
        : body_(body), found_(found), writer_(writer)
    {
    }

    // `window`: the new rows of the body's input of this name.
    void write(TensorId input, TensorId rows)
    {
        const Tensor& window = body_.tensor(input);
        const TimeRows& time = found_.rows.at(input);
        new_[input] = writer_.reshape(rows, window.name + "_new",
                                      with_rows(window, time, time.fresh));
        for (const SlidingLayer& layer : found_.layers) write_layer(layer);
    }

    // All rows of a tensor, after so many runs of the layers: the ring and whether it is complete.
    RowsWriter::Slid collect(TensorId id, const std::string& name, int64_t runs)
    {
        const TimeRows& time = found_.rows.at(id);
        const RowRing ring(body_.tensor(id), time, time.count);
        return writer_.slide(new_.at(id), name, body_.tensor(id), body_.tensor(id).shape,
                             ring.length, {ring.fresh * runs, ring.fresh});
    }

private:
    void write_layer(const SlidingLayer& layer)
    {
        const Node& old = body_.nodes[layer.node];
        Node node = old;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            const TensorId id = old.inputs[i];
            if (id == kNoTensor) continue;
            const auto rows = new_.find(id);
            node.inputs[i] = rows == new_.end() ? constant(id) : rows->second;
        }
        if (const auto in = found_.rows.find(old.inputs[0]); in != found_.rows.end())
            node.inputs[0] = with_older(old, layer, in->second);
        Tensor out = body_.tensor(old.outputs[0]);
        const TimeRows& time = found_.rows.at(old.outputs[0]);
        const Shape shape = with_rows(out, time, time.fresh);
        out.shape = shape;
        node.outputs = {writer_.graph().add_tensor(std::move(out))};
        if (node.op->name == "reshape") {
            // The output says the shape; dimensions or a shape in numbers are those of all rows.
            node.inputs.resize(1);
            node.attributes = {};
        }
        new_[old.outputs[0]] = node.outputs[0];
        const TensorId made = node.outputs[0];
        writer_.add(std::move(node));
        THIMBLE_CHECK(writer_.graph().tensor(made).shape == shape, old.name);
    }

    TensorId with_older(const Node& old, const SlidingLayer& layer, const TimeRows& time)
    {
        const TensorId rows = new_.at(old.inputs[0]);
        if (layer.rows == time.fresh) return rows;
        const Tensor& in = body_.tensor(old.inputs[0]);
        const RowRing ring(in, time, layer.rows);
        // Complete in every run: rows before the first ones are zeros.
        const Shape shape = with_rows(in, time, layer.rows);
        return writer_
            .slide(rows, old.name + "_rows", in, shape, ring.length, {ring.fresh, ring.fresh})
            .ring;
    }

    TensorId constant(TensorId id)
    {
        const auto [at, added] = constants_.try_emplace(id, kNoTensor);
        if (added) at->second = writer_.graph().add_tensor(body_.tensor(id));
        return at->second;
    }

    const Graph& body_;
    const SlidingRows& found_;
    RowsWriter& writer_;
    std::map<TensorId, TensorId> new_;        // of the body -> its new rows
    std::map<TensorId, TensorId> constants_;  // of the body -> the copy
};

// One graph: the tick's, or the body of a branch. States are declared in the tick's graph; a body
// takes them as inputs, which whoever holds it must give (wanted).
class Slider {
public:
    Slider(Graph& graph, bool body) : graph_(graph), body_(body) {}

    void slide_all()
    {
        for (Node& node : graph_.nodes)
            if (node.attributes.type() == typeid(IfAttributes)) slide_inside(node);
        for (bool again = true; again;) {
            again = false;
            const Links links(graph_);
            for (size_t i = 0; i < graph_.nodes.size() && !again; ++i) {
                const std::optional<WindowUse> use = find_window_use(graph_, links, i);
                again = use && use->wanted;
                if (again) slide_network(*use);
            }
        }
    }
    const std::vector<Tensor>& wanted() const { return wanted_; }
    const std::vector<std::string>& notes() const { return notes_; }

private:
    TensorId declare(Tensor state)
    {
        state.kind = TensorKind::state;
        if (!state.data)
            state.data = std::make_shared<const std::vector<uint8_t>>(
                static_cast<size_t>(state.bytes()), uint8_t{0});
        const TensorId id = graph_.add_tensor(state);
        if (!body_) return id;
        graph_.inputs.push_back(id);
        wanted_.push_back(std::move(state));
        return id;
    }

    // A state of this graph becomes one more input of both branches.
    TensorId pass_in(Node& branch, Graph& then_graph, Graph& else_graph, TensorId state)
    {
        branch.inputs.push_back(state);
        else_graph.inputs.push_back(else_graph.add_tensor(graph_.tensor(state)));
        then_graph.inputs.push_back(then_graph.add_tensor(graph_.tensor(state)));
        return then_graph.inputs.back();
    }

    void slide_inside(Node& node)
    {
        IfAttributes branches = std::any_cast<const IfAttributes&>(node.attributes);
        Graph inner = *branches.then_graph, other = *branches.else_graph;
        Slider slider(inner, true);
        slider.slide_all();
        if (slider.notes().empty()) return;
        notes_.insert(notes_.end(), slider.notes().begin(), slider.notes().end());
        for (const Tensor& state : slider.wanted()) {
            node.inputs.push_back(declare(state));
            other.inputs.push_back(other.add_tensor(graph_.tensor(node.inputs.back())));
        }
        branches.then_graph = std::make_shared<const Graph>(std::move(inner));
        branches.else_graph = std::make_shared<const Graph>(std::move(other));
        node.attributes = branches;
        node.op->infer(graph_, node);
    }

    struct Collected {
        TensorId valid = kNoTensor;
        std::vector<TensorId> rings;  // states of this graph, one for each tensor of `whole`
    };

    void slide_network(const WindowUse& use)
    {
        const SlidingRows found = sliding_rows(graph_, use);
        const SlidingNetwork network = sliding_network(graph_, use, found);
        if (!network.possible) refuse(network);
        notes_.push_back(sliding_text(network));
        const auto at = graph_.nodes.begin() + static_cast<std::ptrdiff_t>(use.slide);
        std::vector<Node> nodes(graph_.nodes.begin(), at);
        const std::vector<Node> after(at + 1, graph_.nodes.end());
        const Node slide = graph_.nodes[use.slide];
        const Collected collected = use.arriving == use.hop
                                        ? write_here(slide, use, found, nodes)
                                        : write_branch(slide, use, found, nodes);
        const size_t branch = use.branch - use.slide - 1 + nodes.size();
        nodes.insert(nodes.end(), after.begin(), after.end());
        graph_.nodes = std::move(nodes);
        read_rings(graph_.nodes[branch], use, found, collected);
        // Nobody reads these any more.
        for (const size_t input : {slide_input::window, slide_input::missing})
            forget(slide.inputs[input]);
    }

    void forget(TensorId state)
    {
        Tensor& tensor = graph_.tensor(state);
        tensor.kind = TensorKind::activation;
        tensor.data = nullptr;
    }

    Collected collect(const SlidingRows& found, const WindowUse& use, const std::string& name,
                      NewRows& rows)
    {
        Collected result;
        const Graph& body = body_of(graph_, use);
        for (const TensorId id : found.whole) {
            const RowsWriter::Slid slid =
                rows.collect(id, name + "_" + body.tensor(id).name, runs_to_fill(use));
            result.valid = slid.valid;
            result.rings.push_back(slid.ring);
        }
        return result;
    }

    // Every run brings a whole hop.
    Collected write_here(const Node& slide, const WindowUse& use, const SlidingRows& found,
                         std::vector<Node>& nodes)
    {
        const Graph& body = body_of(graph_, use);
        RowsWriter writer(graph_, nodes, [&](Tensor state) { return declare(std::move(state)); });
        NewRows rows(body, found, writer);
        rows.write(body.inputs[use.input], slide.inputs[slide_input::rows]);
        return collect(found, use, slide.name, rows);
    }

    // A slide collects a hop; what follows runs when it is there.
    Collected write_branch(const Node& slide, const WindowUse& use, const SlidingRows& found,
                           std::vector<Node>& nodes)
    {
        const Graph& body = body_of(graph_, use);
        const Tensor window = graph_.tensor(slide.inputs[slide_input::window]);
        RowsWriter outer(graph_, nodes, [&](Tensor state) { return declare(std::move(state)); });
        Shape shape = window.shape;
        shape[0] = use.hop;
        const RowsWriter::Slid front =
            outer.slide(slide.inputs[slide_input::rows], slide.name + "_hop", window, shape,
                        use.hop, {(use.length - 1) % use.hop + 1, use.hop});
        Node branch;
        branch.name = slide.name + "_new";
        branch.op = find_op("if");
        branch.source_op = "if";
        branch.inputs = {front.valid};
        Graph inner, other;
        inner.name = branch.name;
        other.name = branch.name + "_not";
        std::map<TensorId, TensorId> outside;  // of the inner graph's states
        const auto pass = [&](TensorId state) {
            const TensorId inside = pass_in(branch, inner, other, state);
            outside[inside] = state;
            return inside;
        };
        RowsWriter writer(inner, inner.nodes,
                          [&](Tensor state) { return pass(declare(std::move(state))); });
        NewRows rows(body, found, writer);
        rows.write(body.inputs[use.input], pass(front.ring));
        Collected result = collect(found, use, slide.name, rows);
        inner.outputs = {result.valid};
        Tensor never;
        never.name = "never";
        never.type = DType::boolean;
        never.shape = {1};
        other.outputs = {other.add_tensor(never)};
        other.set_constant(other.outputs[0], {0});
        branch.attributes = IfAttributes{std::make_shared<const Graph>(std::move(inner)),
                                         std::make_shared<const Graph>(std::move(other))};
        never.name = slide.name + "_complete";
        branch.outputs = {graph_.add_tensor(std::move(never))};
        result.valid = branch.outputs[0];
        for (TensorId& ring : result.rings) ring = outside.at(ring);
        outer.add(std::move(branch));
        return result;
    }

    // The branch of the network takes rings in place of the window, and loses layers that slide.
    void read_rings(Node& node, const WindowUse& use, const SlidingRows& found,
                    const Collected& collected)
    {
        IfAttributes branches = std::any_cast<const IfAttributes&>(node.attributes);
        Graph inner = *branches.then_graph, other = *branches.else_graph;
        for (Graph* branch : {&inner, &other}) {
            const auto at = branch->inputs.begin() + static_cast<std::ptrdiff_t>(use.input);
            Tensor& window = branch->tensor(*at);
            window.kind = TensorKind::activation;
            window.data = nullptr;
            branch->inputs.erase(at);
        }
        node.inputs.erase(node.inputs.begin() + static_cast<std::ptrdiff_t>(use.input) + 1);
        node.inputs[0] = collected.valid;
        std::vector<bool> gone(inner.nodes.size(), false);
        for (const SlidingLayer& layer : found.layers) gone[layer.node] = true;
        size_t index = 0;
        std::erase_if(inner.nodes, [&](const Node&) { return gone[index++]; });
        for (size_t i = 0; i < found.whole.size(); ++i)
            inner.replace_uses(found.whole[i],
                               pass_in(node, inner, other, collected.rings[i]));
        branches.then_graph = std::make_shared<const Graph>(std::move(inner));
        branches.else_graph = std::make_shared<const Graph>(std::move(other));
        node.attributes = branches;
        node.op->infer(graph_, node);
    }

    Graph& graph_;
    bool body_;
    std::vector<Tensor> wanted_;
    std::vector<std::string> notes_;  // said to the user
};

}  // namespace

void slide_networks(Graph& graph)
{
    Slider slider(graph, false);
    slider.slide_all();
    graph.notes.insert(graph.notes.end(), slider.notes().begin(), slider.notes().end());
}

}  // namespace thimble
