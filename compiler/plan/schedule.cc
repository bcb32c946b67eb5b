#include "plan/schedule.h"

#include "base/error.h"
#include "ops/control.h"
#include "ops/dense_sum.h"
#include "ops/op.h"
#include "plan/copies.h"
#include "plan/regions.h"

#include <algorithm>
#include <utility>

namespace thimble {

namespace {

// Memory for a tensor: a buffer of its own, live at `step`.
int add_buffer(Program& program, TensorId id, int step)
{
    const Tensor& tensor = program.graph.tensor(id);
    Buffer buffer;
    buffer.name = tensor.name;
    buffer.bytes = tensor.bytes();
    buffer.alignment = element_bytes(tensor.type);
    buffer.first_step = buffer.last_step = step;
    const int index = static_cast<int>(program.buffers.size());
    program.buffer_of_tensor[static_cast<size_t>(id)] = index;
    program.buffers.push_back(std::move(buffer));
    return index;
}

// Memory for those of `ids` that have none.
void add_buffers(Program& program, const std::vector<TensorId>& ids, int step)
{
    for (const TensorId id : ids)
        if (program.buffer_of_tensor[static_cast<size_t>(id)] < 0) add_buffer(program, id, step);
}

Arg whole_buffer(int index)
{
    Arg arg;
    arg.kind = Arg::Kind::buffer;
    arg.c_type = "void*";
    arg.index = index;
    return arg;
}

// A body within the flat graph: where its tensors and nodes went.
struct Placed {
    std::vector<TensorId> inputs, outputs;
    std::vector<Node> nodes;
    int body;  // of Program::bodies
};

// How a sequence lies in memory: pieces of a step, `rows` of them, `step_bytes` from step to step.
struct SequenceLayout {
    int64_t rows, row_bytes, step_bytes, whole_bytes;
};

SequenceLayout layout_of(const Tensor& sequence, int64_t axis)
{
    const auto at = static_cast<std::ptrdiff_t>(axis);
    const Shape before(sequence.shape.begin(), sequence.shape.begin() + at);
    const Shape after(sequence.shape.begin() + at + 1, sequence.shape.end());
    const int64_t row_bytes = element_count(after) * element_bytes(sequence.type);
    return {element_count(before), row_bytes, row_bytes,
            row_bytes * sequence.shape[static_cast<size_t>(axis)]};
}

class Scheduler {
public:
    Scheduler(Program& program, const TargetFacts& target, const LowerOptions& options)
        : program_(program), target_(target), options_(options)
    {
    }

    void add_nodes(const std::vector<Node>& nodes)
    {
        for (const Node& node : nodes) {
            if (node.attributes.type() == typeid(ScanAttributes)) add_scan(node);
            else if (node.attributes.type() == typeid(WhileAttributes)) add_while(node);
            else if (node.attributes.type() == typeid(IfAttributes)) add_if(node);
            else add_layer(node);
        }
    }

    void finish()
    {
        coalesce_copies(program_, copies_);
        add_copy_calls(program_, std::move(copies_), target_, options_);
    }

private:
    Step& step(int index) { return program_.steps[static_cast<size_t>(index)]; }

    // The node's struct is copied into the flat graph by the first step that needs it.
    int add_step(StepKind kind, int node_index)
    {
        const Node& node = program_.graph.nodes[static_cast<size_t>(node_index)];
        Step added;
        added.node = node_index;
        added.layer = node.name;
        added.op = node.op->name;
        added.variant = "portable";
        added.kind = kind;
        added.region = region_;
        program_.steps.push_back(std::move(added));
        return static_cast<int>(program_.steps.size()) - 1;
    }

    int add_node(const Node& node)
    {
        program_.graph.nodes.push_back(node);
        return static_cast<int>(program_.graph.nodes.size()) - 1;
    }

    LowerContext context(int index)
    {
        const auto node = static_cast<size_t>(step(index).node);
        return {program_, program_.graph.nodes[node], index, target_, options_};
    }

    void add_layer(const Node& node)
    {
        const int index = add_step(StepKind::layer, add_node(node));
        if (node.op->macs) step(index).macs = turns_ * node.op->macs(program_.graph, node);
        LowerContext c = context(index);
        node.op->lower(c);
    }

    // Steps that are added from now on lie in the region.
    int open(StepKind kind, const Node& node)
    {
        const int begin = add_step(kind, add_node(node));
        region_ = begin;
        return begin;
    }

    int add_mark(StepKind kind, int begin)
    {
        const int index = add_step(kind, step(begin).node);
        step(index).begin = begin;
        return index;
    }

    int close(int begin)
    {
        const int end = add_mark(StepKind::region_end, begin);
        region_ = step(begin).region;
        return end;
    }

    // The body of number `which` of `node`. Bodies that are placed until it is left stand inside.
    Placed place(const Graph& body, const Node& node, int which = 0)
    {
        const auto base = static_cast<TensorId>(program_.graph.tensors.size());
        const TensorId outer = body_ < 0 ? 0 : program_.bodies[static_cast<size_t>(body_)].first;
        program_.bodies.push_back(
            {.first = base,
             .count = static_cast<TensorId>(body.tensors.size()),
             .parent = body_,
             .node_output = node.outputs.empty() ? kNoTensor : node.outputs[0] - outer,
             .which = which});
        const auto moved = [&](std::vector<TensorId> ids) {
            for (TensorId& id : ids)
                if (id != kNoTensor) id += base;
            return ids;
        };
        for (const Tensor& tensor : body.tensors) program_.graph.tensors.push_back(tensor);
        program_.buffer_of_tensor.resize(program_.graph.tensors.size(), -1);
        Placed placed = {moved(body.inputs), moved(body.outputs), body.nodes,
                         static_cast<int>(program_.bodies.size()) - 1};
        for (Node& node : placed.nodes) {
            node.inputs = moved(node.inputs);
            node.outputs = moved(node.outputs);
        }
        return placed;
    }

    void add_nodes(const Placed& body)
    {
        const int outer = std::exchange(body_, body.body);
        add_nodes(body.nodes);
        body_ = outer;
    }

    void see_as(TensorId id, Arg arg)
    {
        const bool whole =
            arg.kind == Arg::Kind::buffer && arg.offset == 0 && arg.strides.empty();
        if (whole) program_.buffer_of_tensor[static_cast<size_t>(id)] = arg.index;
        else program_.views[id] = std::move(arg);
    }

    // A tensor of the graph as the source of a copy; also one of a body that is an input of it.
    Arg source(int index, TensorId id)
    {
        const Node reader = {.name = step(index).layer, .inputs = {id}};
        return LowerContext(program_, reader, index, target_, options_).in(0);
    }

    void add_copy(Copy::Role role, int index, Arg from, Arg to, int64_t bytes)
    {
        if (bytes == 0) return;
        copies_.push_back({role, index, std::move(from), std::move(to), 1, bytes, bytes, bytes});
    }

    // The body reads what the node reads. A constant that a kernel might take for RAM is copied
    // where flash is another address space.
    void bind_captured(int begin, TensorId outer, TensorId inner)
    {
        Arg arg = source(begin, outer);
        if (arg.kind != Arg::Kind::table || !target_.separate_flash) return see_as(inner, arg);
        const int buffer = add_buffer(program_, inner, begin);
        add_copy(Copy::Role::initial, begin, arg, whole_buffer(buffer),
                 program_.graph.tensor(inner).bytes());
    }

    static bool is_read(const Placed& body, TensorId id)
    {
        if (std::ranges::find(body.outputs, id) != body.outputs.end()) return true;
        return std::ranges::any_of(body.nodes, [&](const Node& node) {
            for (size_t i = 0; i < node.inputs.size(); ++i)
                if (node.inputs[i] == id && is_read_on_device(node, i)) return true;
            return false;
        });
    }

    // One buffer for the node's output and the body's input, whose first value matters if `read`.
    int bind_carried(int begin, TensorId outer, TensorId inner, TensorId result, bool read = true)
    {
        const int buffer = add_buffer(program_, result, begin);
        program_.buffer_of_tensor[static_cast<size_t>(inner)] = buffer;
        if (!read) return buffer;
        add_copy(Copy::Role::initial, begin, source(begin, outer), whole_buffer(buffer),
                 program_.graph.tensor(result).bytes());
        return buffer;
    }

    // The part of a sequence that belongs to a turn.
    static Arg part(Arg sequence, const SequenceLayout& layout, const ScanAttributes& a, int begin)
    {
        if (a.trip_count == 1) return sequence;
        if (a.reverse) sequence.offset += (a.trip_count - 1) * layout.step_bytes;
        sequence.strides.push_back({begin, a.reverse ? -layout.step_bytes : layout.step_bytes});
        return sequence;
    }

    // What lies scattered, or in another address space, is gathered at the begin of every turn.
    void bind_sequence(int begin, const ScanAttributes& a, size_t i, TensorId outer, TensorId inner)
    {
        const SequenceLayout layout =
            layout_of(program_.graph.tensor(outer), a.sequence_axes[i]);
        const Arg slice = part(source(begin, outer), layout, a, begin);
        const bool foreign = slice.kind == Arg::Kind::table && target_.separate_flash;
        if (layout.rows == 1 && !foreign) return see_as(inner, slice);
        const int index = add_step(StepKind::layer, step(begin).node);
        step(index).layer += " slice";
        const int buffer = add_buffer(program_, inner, index);
        const Copy copy = {Copy::Role::initial, index, slice, whole_buffer(buffer), layout.rows,
                           layout.row_bytes, layout.whole_bytes, layout.row_bytes};
        LowerContext c = context(index);
        if (layout.row_bytes > 0) add_copy_call(c, copy);
    }

    void add_scan(const Node& node)
    {
        const auto& a = std::any_cast<const ScanAttributes&>(node.attributes);
        const int begin = open(StepKind::scan_begin, node);
        step(begin).trip_count = a.trip_count;
        const int64_t turns = std::exchange(turns_, turns_ * a.trip_count);
        const Placed body = place(*a.body, node);
        const size_t sequences = a.sequence_axes.size(), carried = static_cast<size_t>(a.carried);
        std::vector<int> buffers;
        for (size_t i = 0; i < carried; ++i)
            buffers.push_back(bind_carried(begin, node.inputs[sequences + i],
                                           body.inputs[sequences + i], node.outputs[i],
                                           is_read(body, body.inputs[sequences + i])));
        for (size_t i = sequences + carried; i < node.inputs.size(); ++i)
            bind_captured(begin, node.inputs[i], body.inputs[i]);
        for (size_t i = 0; i < sequences; ++i)
            if (is_read(body, body.inputs[i]))
                bind_sequence(begin, a, i, node.inputs[i], body.inputs[i]);
        for (size_t i = carried; i < node.outputs.size(); ++i)
            buffers.push_back(add_buffer(program_, node.outputs[i], begin));
        add_nodes(body);
        const int end = close(begin);
        for (size_t i = 0; i < node.outputs.size(); ++i) {
            const Arg from = source(end, body.outputs[i]);
            const Tensor& out = program_.graph.tensor(node.outputs[i]);
            if (i < carried) {
                add_copy(Copy::Role::carried, end, from, whole_buffer(buffers[i]), out.bytes());
                continue;
            }
            const SequenceLayout layout = layout_of(out, a.stacked_axes[i - carried]);
            const Arg to = part(whole_buffer(buffers[i]), layout, a, begin);
            if (out.bytes() > 0)
                copies_.push_back({Copy::Role::stacked, end, from, to, layout.rows,
                                   layout.row_bytes, layout.row_bytes, layout.whole_bytes});
        }
        turns_ = turns;
    }

    // A bool in RAM: a constant one is copied.
    Arg condition(int index, TensorId id)
    {
        Arg from = source(index, id);
        if (from.kind == Arg::Kind::buffer) return from;
        LowerContext c = context(index);
        const Arg to = c.scratch(1, 1, "void*");
        add_copy_call(c, {Copy::Role::initial, index, from, to, 1, 1, 1, 1});
        return to;
    }

    void add_while(const Node& node)
    {
        const auto& a = std::any_cast<const WhileAttributes&>(node.attributes);
        const int begin = open(StepKind::while_begin, node);
        const Placed test = place(*a.condition, node, 0);
        const Placed body = place(*a.body, node, 1);
        const size_t carried = node.outputs.size();
        std::vector<int> buffers;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            if (i >= carried) {
                bind_captured(begin, node.inputs[i], test.inputs[i]);
                bind_captured(begin, node.inputs[i], body.inputs[i]);
                continue;
            }
            buffers.push_back(
                bind_carried(begin, node.inputs[i], test.inputs[i], node.outputs[i]));
            program_.buffer_of_tensor[static_cast<size_t>(body.inputs[i])] = buffers.back();
        }
        add_nodes(test);
        const int mark = add_mark(StepKind::while_test, begin);
        const Arg tested = condition(mark, test.outputs[0]);
        step(mark).condition = tested;
        add_nodes(body);
        const int end = close(begin);
        for (size_t i = 0; i < carried; ++i)
            add_copy(Copy::Role::carried, end, source(end, body.outputs[i]),
                     whole_buffer(buffers[i]), program_.graph.tensor(node.outputs[i]).bytes());
    }

    void add_branch(const Node& node, const Placed& branch, int begin)
    {
        for (size_t i = 1; i < node.inputs.size(); ++i)
            bind_captured(begin, node.inputs[i], branch.inputs[i - 1]);
        add_nodes(branch);
    }

    void add_results(const Node& node, const Placed& branch, int index)
    {
        for (size_t i = 0; i < node.outputs.size(); ++i)
            add_copy(Copy::Role::result, index, source(index, branch.outputs[i]),
                     whole_buffer(program_.buffer_of_tensor[static_cast<size_t>(node.outputs[i])]),
                     program_.graph.tensor(node.outputs[i]).bytes());
    }

    void add_if(const Node& node)
    {
        const auto& a = std::any_cast<const IfAttributes&>(node.attributes);
        const int begin = open(StepKind::if_begin, node);
        const Arg tested = condition(begin, node.inputs[0]);
        step(begin).condition = tested;
        add_buffers(program_, node.outputs, begin + 1);
        const Placed first = place(*a.then_graph, node, 0), second = place(*a.else_graph, node, 1);
        add_branch(node, first, begin);
        const int parted = add_mark(StepKind::if_else, begin);
        add_results(node, first, parted);
        add_branch(node, second, begin);
        add_results(node, second, close(begin));
    }

    Program& program_;
    const TargetFacts& target_;
    const LowerOptions& options_;
    std::vector<Copy> copies_;
    int region_ = -1;
    int body_ = -1;  // of Program::bodies, in which the steps stand; -1: the graph itself
    int64_t turns_ = 1;  // of the loops around, of those that say how many
};

}  // namespace

Program schedule(Graph graph, std::string name, const TargetFacts& target,
                 const LowerOptions& options)
{
    Program program;
    program.name = std::move(name);
    const std::vector<Node> nodes = std::exchange(graph.nodes, {});
    program.graph = std::move(graph);
    program.buffer_of_tensor.assign(program.graph.tensors.size(), -1);
    // Inputs live from before the first step, in the order of the graph's inputs.
    add_buffers(program, program.graph.inputs, -1);
    Scheduler scheduler(program, target, options);
    scheduler.add_nodes(nodes);
    scheduler.finish();
    // An output without elements is written by no kernel, but its pointer must exist.
    add_buffers(program, program.graph.outputs, static_cast<int>(program.steps.size()));
    extend_lives(program);
    return program;
}

}  // namespace thimble
