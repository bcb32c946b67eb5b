#include "plan/sequence_loop.h"

#include "base/error.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace thimble {

namespace {

constexpr int64_t kStepBytesMax = 1 << 26;  // no chip has as much; a malformed file can ask for it

bool is_recurrent(const Program& program)
{
    static constexpr std::string_view kRecurrent[] = {"lstm", "gru", "simple_rnn"};
    return std::ranges::any_of(program.steps, [](const Step& step) {
        return step.kind == StepKind::scan_begin || step.kind == StepKind::while_begin ||
               std::ranges::find(kRecurrent, step.op) != std::end(kRecurrent);
    });
}

int end_of_region(const Program& program, int begin)
{
    for (size_t s = 0; s < program.steps.size(); ++s)
        if (program.steps[s].kind == StepKind::region_end && program.steps[s].begin == begin)
            return static_cast<int>(s);
    THIMBLE_CHECK(false, "a loop without end");
    return -1;
}

// How the calls of a step use the input: not at all, row by row in turns of `loop`, or otherwise.
enum class Use { none, row, whole };

Use use_of(const Step& step, int input, int loop, int64_t row_bytes)
{
    Use use = Use::none;
    for (const KernelCall& call : step.calls) {
        for (const Arg& arg : call.args) {
            if (arg.kind != Arg::Kind::buffer || arg.index != input) continue;
            const bool row =
                std::ranges::find(arg.strides, LoopStride{loop, row_bytes}) != arg.strides.end() &&
                arg.offset < row_bytes;
            if (!row) return Use::whole;
            use = Use::row;
        }
    }
    return use;
}

std::string needs_all(const Step& step)
{
    return fmt::format("layer '{}' ({}) needs the whole input", step.layer, step.op);
}

// The loop, or why there is none.
struct Finding {
    SequenceLoop loop;
    std::string reason;
};

Finding find(const Program& program)
{
    Finding found;
    if (program.graph.inputs.size() != 1) {
        found.reason = fmt::format("the model has {} inputs", program.graph.inputs.size());
        return found;
    }
    const TensorId x = program.graph.inputs[0];
    SequenceLoop& loop = found.loop;
    loop.input_buffer = program.buffer_of_tensor[static_cast<size_t>(x)];
    const auto first = std::ranges::find_if(program.steps, [](const Step& step) {
        return step.kind != StepKind::layer || !step.calls.empty();
    });
    const int64_t bytes = program.graph.tensor(x).bytes();
    const bool starts = first != program.steps.end() && first->kind == StepKind::scan_begin;
    loop.begin = starts ? static_cast<int>(first - program.steps.begin()) : -1;
    loop.turns = starts ? first->trip_count : 1;
    if (starts) loop.end = end_of_region(program, loop.begin);
    loop.row_bytes = bytes / loop.turns;
    bool any_row = false;
    for (size_t s = 0; s < program.steps.size(); ++s) {
        const Use use = use_of(program.steps[s], loop.input_buffer, loop.begin, loop.row_bytes);
        any_row = any_row || use == Use::row;
        if (use != Use::whole) continue;
        found.reason = needs_all(program.steps[s]);
        return found;
    }
    if (!any_row) found.reason = "no layer reads the input step by step";
    return found;
}

// The buffers of what the loop hands from turn to turn, or to what stands behind it.
std::vector<Buffer*> kept_across_turns(Program& program, const SequenceLoop& loop)
{
    std::vector<Buffer*> kept;
    for (size_t i = 0; i < program.buffers.size(); ++i) {
        Buffer& buffer = program.buffers[i];
        const bool across = buffer.first_step <= loop.begin && buffer.last_step >= loop.end;
        if (across && buffer.place == Place::work && buffer.bytes > 0 &&
            static_cast<int>(i) != loop.input_buffer)
            kept.push_back(&buffer);
    }
    return kept;
}

int64_t total_bytes(const std::vector<Buffer*>& buffers)
{
    int64_t bytes = 0;
    for (const Buffer* buffer : buffers) bytes = std::min(bytes + buffer->bytes, kStepBytesMax + 1);
    return bytes;
}

void move_to_state(const std::vector<Buffer*>& buffers)
{
    for (Buffer* buffer : buffers) {
        buffer->place = Place::state;
        buffer->initial.assign(static_cast<size_t>(buffer->bytes), 0);
        buffer->may_start_at.clear();
    }
}

int add_counter(Program& program, const SequenceLoop& loop)
{
    Buffer counter;
    counter.name = "steps since the sequence began";
    counter.bytes = counter.alignment = loop.turns <= UINT16_MAX ? 2 : 4;
    counter.place = Place::state;
    counter.initial.assign(static_cast<size_t>(counter.bytes), 0);
    program.buffers.push_back(std::move(counter));
    return static_cast<int>(program.buffers.size()) - 1;
}

}  // namespace

void find_sequence_loop(Program& program, Feed feed)
{
    Finding found = find(program);
    const bool recurrent = is_recurrent(program);
    std::vector<Buffer*> kept;
    if (found.reason.empty() && recurrent) {
        kept = kept_across_turns(program, found.loop);
        if (total_bytes(kept) > kStepBytesMax)
            found.reason = fmt::format("more than {} bytes pass from step to step", kStepBytesMax);
    }
    if (!found.reason.empty() || !recurrent) {
        if (recurrent) program.no_step_reason = found.reason;
        require(feed == Feed::whole, ErrorCode::T0208,
                {program.graph.name,
                 recurrent ? found.reason : "no recurrent layer reads the input step by step",
                 "a recurrent network that needs one time step of its only input at a time",
                 "--feed whole"});
        return;
    }
    move_to_state(kept);
    found.loop.counter_buffer = add_counter(program, found.loop);
    found.loop.holds_input = feed == Feed::whole;
    if (feed == Feed::steps)
        program.buffers[static_cast<size_t>(found.loop.input_buffer)].bytes = 0;
    program.sequence_loop = found.loop;
}

}  // namespace thimble
