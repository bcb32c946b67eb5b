#include "plan/regions.h"

#include <algorithm>

namespace thimble {

Regions::Regions(const Program& program)
    : program_(program), end_(program.steps.size(), -1), if_else_(program.steps.size(), -1)
{
    for (size_t s = 0; s < program.steps.size(); ++s) {
        const Step& step = program.steps[s];
        if (step.kind == StepKind::region_end)
            end_[static_cast<size_t>(step.begin)] = static_cast<int>(s);
        if (step.kind == StepKind::if_else)
            if_else_[static_cast<size_t>(step.begin)] = static_cast<int>(s);
    }
}

bool Regions::is_loop(int begin) const
{
    const StepKind kind = program_.steps[static_cast<size_t>(begin)].kind;
    return kind == StepKind::scan_begin || kind == StepKind::while_begin;
}

std::vector<Regions::Span> Regions::loops_around(int step) const
{
    std::vector<Span> spans;
    if (step < 0 || step >= static_cast<int>(program_.steps.size())) return spans;
    for (int at = program_.steps[static_cast<size_t>(step)].region; at >= 0;
         at = program_.steps[static_cast<size_t>(at)].region)
        if (is_loop(at)) spans.push_back({at, end_[static_cast<size_t>(at)]});
    return spans;
}

Regions::Span Regions::loop_inside(int step, int begin) const
{
    Span outermost = {step, step};
    for (const Span& span : loops_around(step)) {
        if (span.first == begin) break;
        outermost = span;
    }
    return outermost;
}

Regions::Span Regions::branch_of(int step) const
{
    const Step& closing = program_.steps[static_cast<size_t>(step)];
    const bool first = closing.kind == StepKind::if_else;
    return {(first ? closing.begin : if_else_[static_cast<size_t>(closing.begin)]) + 1, step};
}

std::vector<Regions::Span> Regions::loops() const
{
    std::vector<Span> spans;
    for (size_t s = end_.size(); s-- > 0;)
        if (end_[s] >= 0 && is_loop(static_cast<int>(s)))
            spans.push_back({static_cast<int>(s), end_[s]});
    return spans;
}

static void touch(Program& program, int buffer, int step)
{
    if (buffer < 0) return;
    Buffer& touched = program.buffers[static_cast<size_t>(buffer)];
    touched.first_step = std::min(touched.first_step, step);
    touched.last_step = std::max(touched.last_step, step);
}

static void touch_tensors(Program& program, const std::vector<TensorId>& ids, int step)
{
    for (const TensorId id : ids) {
        if (id == kNoTensor) continue;
        touch(program, program.buffer_of_tensor[static_cast<size_t>(id)], step);
        const auto view = program.views.find(id);
        if (view != program.views.end() && view->second.kind == Arg::Kind::buffer)
            touch(program, view->second.index, step);
    }
}

void extend_lives(Program& program)
{
    for (size_t i = 0; i < program.steps.size(); ++i) {
        const Step& step = program.steps[i];
        const int s = static_cast<int>(i);
        const Node& node = program.graph.nodes[static_cast<size_t>(step.node)];
        const bool ends = step.kind == StepKind::region_end;
        const bool parts = step.kind == StepKind::if_else || step.kind == StepKind::while_test;
        const bool is_if = step.kind == StepKind::if_begin;
        if (!ends && !parts) touch_tensors(program, node.inputs, s);
        // A loop's results are written in many turns: they live from its beginning.
        if (!parts && !is_if) touch_tensors(program, node.outputs, s);
        if (step.condition.kind == Arg::Kind::buffer) touch(program, step.condition.index, s);
        for (const KernelCall& call : step.calls)
            for (const Arg& arg : call.args)
                if (arg.kind == Arg::Kind::buffer) touch(program, arg.index, s);
    }
    touch_tensors(program, program.graph.outputs, static_cast<int>(program.steps.size()));
    for (const auto& [begin, end] : Regions(program).loops()) {
        for (Buffer& buffer : program.buffers) {
            const bool touched_inside = buffer.last_step > begin && buffer.first_step <= end;
            const bool local = buffer.first_step > begin && buffer.last_step <= end;
            if (!touched_inside || local) continue;
            buffer.first_step = std::min(buffer.first_step, begin);
            buffer.last_step = std::max(buffer.last_step, end);
        }
    }
}

}  // namespace thimble
