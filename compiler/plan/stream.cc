#include "plan/stream.h"

#include "base/error.h"
#include "ir/pipeline.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

// sizeof(thb_stream_t) at most: one uint32_t, five positions, two bytes, rounded up.
int64_t control_bytes(int64_t position_bytes)
{
    return (4 + 5 * position_bytes + 2 + position_bytes - 1) / position_bytes * position_bytes;
}

// sizeof(NAME_slices_t) at most: samples, the turns of all loops, slice, due.
int64_t slices_bytes(const Program& program, int64_t position_bytes)
{
    const auto loops = std::ranges::count_if(
        program.steps, [](const Step& step) { return step.kind == StepKind::scan_begin; });
    const int64_t bytes = 4 + position_bytes * std::max<int64_t>(1, loops) + 2 + 1;
    return (bytes + 3) / 4 * 4;
}

int add_state(Program& program, const std::string& name, int64_t bytes, int64_t alignment)
{
    Buffer buffer;
    buffer.name = name;
    buffer.bytes = bytes;
    buffer.alignment = alignment;
    buffer.place = Place::state;
    buffer.initial.assign(static_cast<size_t>(bytes), 0);
    buffer.of_stream = true;
    program.buffers.push_back(std::move(buffer));
    return static_cast<int>(program.buffers.size()) - 1;
}

}  // namespace

void add_stream(Program& program, const TargetFacts& target, bool slices)
{
    const PipelineInterface* interface = program.graph.interface.get();
    if (!interface || !interface->streamed()) return;
    const bool narrow = target.int_bits == 16;
    // Positions count up to twice the ring's length.
    const int64_t most = narrow ? UINT16_MAX / 2 : INT32_MAX / 2;
    require(interface->buffer <= most, ErrorCode::T0301,
            {program.graph.name, fmt::format("{} samples that wait", interface->buffer),
             fmt::format("at most {}", most), "a smaller 'buffer' in [input]"});
    const Tensor& samples = program.graph.tensor(program.graph.inputs[0]);
    const int64_t element = element_bytes(samples.type);
    program.stream = Stream{};
    const int64_t position_bytes = narrow ? 2 : 4;
    const int64_t control =
        control_bytes(position_bytes) + (slices ? slices_bytes(program, position_bytes) : 0);
    program.stream->control_buffer = add_state(program, "stream", control, 4);
    program.stream->ring_buffer = add_state(program, "waiting samples",
                                            interface->buffer * interface->row * element, element);
}

}  // namespace thimble
