#include "plan/schedule.h"

#include "base/error.h"
#include "ops/op.h"

#include <algorithm>

namespace thimble {

namespace {

// Memory for those of `ids` that have none, live at `step`.
void add_buffers(Program& program, const std::vector<TensorId>& ids, int step)
{
    for (const TensorId id : ids) {
        const Tensor& tensor = program.graph.tensor(id);
        if (program.buffer_of_tensor[static_cast<size_t>(id)] >= 0) continue;
        Buffer buffer;
        buffer.name = tensor.name;
        buffer.bytes = tensor.bytes();
        buffer.alignment = element_bytes(tensor.type);
        buffer.first_step = buffer.last_step = step;
        program.buffer_of_tensor[static_cast<size_t>(id)] =
            static_cast<int>(program.buffers.size());
        program.buffers.push_back(std::move(buffer));
    }
}

void extend_lives(Program& program)
{
    const auto touch = [&](TensorId id, int step) {
        if (id == kNoTensor) return;
        const int index = program.buffer_of_tensor[static_cast<size_t>(id)];
        if (index < 0) return;
        Buffer& buffer = program.buffers[static_cast<size_t>(index)];
        buffer.first_step = std::min(buffer.first_step, step);
        buffer.last_step = std::max(buffer.last_step, step);
    };
    for (size_t s = 0; s < program.steps.size(); ++s) {
        const Node& node = program.graph.nodes[static_cast<size_t>(program.steps[s].node)];
        for (const TensorId id : node.inputs) touch(id, static_cast<int>(s));
        for (const TensorId id : node.outputs) touch(id, static_cast<int>(s));
    }
    for (const TensorId id : program.graph.outputs)
        touch(id, static_cast<int>(program.steps.size()));
}

}  // namespace

Program schedule(Graph graph, std::string name, const TargetFacts& target,
                 const LowerOptions& options)
{
    Program program;
    program.name = std::move(name);
    program.graph = std::move(graph);
    program.buffer_of_tensor.assign(program.graph.tensors.size(), -1);
    program.steps.resize(program.graph.nodes.size());
    // Inputs live from before the first step, in the order of the graph's inputs.
    add_buffers(program, program.graph.inputs, -1);
    for (size_t i = 0; i < program.graph.nodes.size(); ++i) {
        const Node& node = program.graph.nodes[i];
        Step& step = program.steps[i];
        step.node = static_cast<int>(i);
        step.layer = node.name;
        step.op = node.op->name;
        step.variant = "portable";
        step.macs = node.op->macs ? node.op->macs(program.graph, node) : 0;
        LowerContext context(program, node, static_cast<int>(i), target, options);
        node.op->lower(context);
    }
    // An output without elements is written by no kernel, but its pointer must exist.
    add_buffers(program, program.graph.outputs, static_cast<int>(program.steps.size()));
    extend_lives(program);
    return program;
}

}  // namespace thimble
