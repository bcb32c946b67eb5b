#include "verify/ticks.h"

#include "base/error.h"

#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

const PipelineInterface& interface_of(const Graph& graph)
{
    THIMBLE_CHECK(graph.interface != nullptr, graph.name + " is no pipeline");
    return *graph.interface;
}

// One tick graph's inputs: samples, and with `takes_end` whether the recording is over.
TensorBytes tick_inputs(const PipelineInterface& interface, Bytes samples, bool end)
{
    TensorBytes inputs = {std::move(samples)};
    if (interface.takes_end) inputs.push_back({static_cast<uint8_t>(end ? 1 : 0)});
    return inputs;
}

std::vector<TensorBytes> inputs_of(const std::vector<Tick>& ticks)
{
    std::vector<TensorBytes> inputs;
    inputs.reserve(ticks.size());
    for (const Tick& tick : ticks) inputs.push_back(tick.inputs);
    return inputs;
}

std::vector<bool> firsts_of(const std::vector<Tick>& ticks)
{
    std::vector<bool> firsts;
    for (const Tick& tick : ticks) firsts.push_back(tick.first);
    return firsts;
}

void append_u32(Bytes& bytes, uint64_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        bytes.push_back(static_cast<uint8_t>(value >> shift));
}

// Reads what the firmware wrote.
class Reader {
public:
    explicit Reader(const Bytes& bytes) : bytes_(bytes) {}
    Bytes take(int64_t count)
    {
        THIMBLE_CHECK(at_ + static_cast<size_t>(count) <= bytes_.size(),
                      "the firmware wrote too little");
        const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
        at_ += static_cast<size_t>(count);
        return {begin, begin + count};
    }
    uint32_t u32()
    {
        const Bytes four = take(4);
        return static_cast<uint32_t>(four[0]) | static_cast<uint32_t>(four[1]) << 8 |
               static_cast<uint32_t>(four[2]) << 16 | static_cast<uint32_t>(four[3]) << 24;
    }
    uint8_t byte() { return take(1)[0]; }

private:
    const Bytes& bytes_;
    size_t at_ = 0;
};

// Labels are int16 in NAME_decision_t and int32 in the graph.
Bytes widened(const Bytes& labels)
{
    Bytes wide;
    for (size_t i = 0; i + 2 <= labels.size(); i += 2) {
        int16_t narrow;
        std::memcpy(&narrow, labels.data() + i, sizeof narrow);
        append_u32(wide, static_cast<uint32_t>(static_cast<int32_t>(narrow)));
    }
    return wide;
}

PipelineDecision read_decision(Reader& reader, const Graph& graph, size_t recording)
{
    const PipelineInterface& interface = *graph.interface;
    PipelineDecision decision{.recording = recording};
    if (interface.streamed()) decision.samples = reader.u32();
    for (size_t i = 1; i < graph.outputs.size(); ++i) {
        const Tensor& tensor = graph.tensor(graph.outputs[i]);
        const bool label = interface.decision == Decision::label && i == 1;
        decision.values.push_back(label ? widened(reader.take(2 * tensor.count()))
                                        : reader.take(tensor.bytes()));
    }
    return decision;
}

}  // namespace

int64_t sample_bytes(const Graph& graph)
{
    const PipelineInterface& interface = interface_of(graph);
    const Tensor& input = graph.tensor(graph.inputs.at(0));
    return interface.streamed() ? interface.row * element_bytes(input.type) : input.bytes();
}

std::vector<Tick> cut_ticks(const Graph& graph, const std::vector<RawRecording>& recordings)
{
    const PipelineInterface& interface = interface_of(graph);
    const int64_t bytes = sample_bytes(graph);
    std::vector<Tick> ticks;
    for (size_t r = 0; r < recordings.size(); ++r) {
        const Bytes& all = recordings[r].samples;
        const auto count = static_cast<int64_t>(all.size()) / bytes;
        bool first = true;
        const auto add = [&](Bytes samples, bool end, int64_t seen) {
            ticks.push_back({.inputs = tick_inputs(interface, std::move(samples), end),
                             .recording = r,
                             .first = first,
                             .samples = static_cast<uint32_t>(seen)});
            first = false;
        };
        if (!interface.streamed()) {
            for (int64_t at = 0; at < count; ++at)
                add({all.begin() + at * bytes, all.begin() + (at + 1) * bytes}, false, at + 1);
            continue;
        }
        const int64_t window = interface.window;
        for (int64_t at = 0; at + window <= count; at += interface.hop)
            add({all.begin() + at * bytes, all.begin() + (at + window) * bytes}, false,
                at + window);
        if (interface.takes_end) add(Bytes(static_cast<size_t>(window * bytes), 0), true, count);
    }
    return ticks;
}

std::vector<PipelineDecision> decisions_of(const std::vector<Tick>& ticks,
                                           const std::vector<RunOutputs>& runs)
{
    THIMBLE_CHECK(ticks.size() == runs.size(), "a tick without result");
    std::vector<PipelineDecision> decisions;
    for (size_t i = 0; i < ticks.size(); ++i) {
        const TensorBytes& outputs = runs[i].outputs;
        if (outputs.at(0).at(0) == 0) continue;
        decisions.push_back(
            {ticks[i].recording, ticks[i].samples, {outputs.begin() + 1, outputs.end()}});
    }
    return decisions;
}

std::vector<RunOutputs> run_ticks_on_oracle(const Graph& graph, Match match,
                                            const std::vector<Tick>& ticks,
                                            const std::vector<TracePoint>& traced)
{
    return run_oracle(graph, match, false, inputs_of(ticks), traced, firsts_of(ticks));
}

Bytes ticks_stream(const Program& program, const std::vector<Tick>& ticks)
{
    return runs_stream(program, inputs_of(ticks), firsts_of(ticks));
}

std::vector<RunOutputs> run_ticks_on_target(const Program& program, const ResolvedTarget& target,
                                            const std::vector<Tick>& ticks,
                                            const std::vector<int>& traced_steps)
{
    return run_on_target(program, target, inputs_of(ticks), traced_steps, firsts_of(ticks));
}

Bytes recordings_stream(const Graph& graph, const std::vector<RawRecording>& recordings,
                        int64_t block)
{
    const auto bytes = static_cast<size_t>(sample_bytes(graph));
    Bytes stream;
    append_u32(stream, recordings.size());
    append_u32(stream, block == 0 ? UINT32_MAX : static_cast<uint64_t>(block));
    for (const RawRecording& recording : recordings) {
        append_u32(stream, recording.samples.size() / bytes);
        stream.insert(stream.end(), recording.samples.begin(), recording.samples.end());
    }
    return stream;
}

std::vector<PipelineDecision> read_decisions(const Graph& graph, size_t recordings,
                                             const Bytes& output)
{
    Reader reader(output);
    std::vector<PipelineDecision> decisions;
    for (size_t r = 0; r < recordings; ++r)
        while (reader.byte() != 0) {
            decisions.push_back(read_decision(reader, graph, r));
            if (!graph.interface->streamed()) decisions.back().samples = 1;
        }
    return decisions;
}

std::vector<PipelineDecision> run_recordings(const Program& program, const ResolvedTarget& target,
                                             const std::vector<RawRecording>& recordings,
                                             int64_t block)
{
    const Image image = build_image(program, target, HarnessMode::recordings);
    const Bytes stream = recordings_stream(program.graph, recordings, block);
    return read_decisions(program.graph, recordings.size(), run_image(image, target, stream));
}

}  // namespace thimble
