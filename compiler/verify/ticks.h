// Recordings of raw samples through a tick graph (ir/pipeline.h), and what it decides.
//
// The rules of NAME_poll, once more and without a ring: a tick for every window of a recording,
// with `takes_end` one more at its end, and all states at their initial values when a recording
// begins.
//
// Tested by tests/unit/verify/ticks_test.cc and, against the generated C, by
// tests/unit/emit/pipeline_c_test.cc.
#pragma once

#include "ir/pipeline.h"
#include "verify/engine.h"

#include <string>
#include <vector>

namespace thimble {

// Samples as they are pushed; of a pipeline that is not streamed: one whole input, or several that
// follow each other.
struct RawRecording {
    std::string name;  // for people: its file, with line or number
    Bytes samples;     // rows one after another
};

struct Tick {
    TensorBytes inputs;
    size_t recording = 0;
    bool first = false;    // of its recording: states have their initial values
    uint32_t samples = 0;  // of the recording, up to the end of the window
};

// Bytes of one sample; of a pipeline that is not streamed: of the input.
int64_t sample_bytes(const Graph& graph);
// `graph` is the tick graph of a pipeline; whole samples only.
std::vector<Tick> cut_ticks(const Graph& graph, const std::vector<RawRecording>& recordings);

struct PipelineDecision {
    size_t recording = 0;
    uint32_t samples = 0;
    TensorBytes values;  // the graph's outputs behind `valid`

    bool operator==(const PipelineDecision&) const = default;
};

// What the valid ones among the ticks decided; `runs` holds one result a tick.
std::vector<PipelineDecision> decisions_of(const std::vector<Tick>& ticks,
                                           const std::vector<RunOutputs>& runs);

// The oracle over all ticks, state kept from tick to tick of a recording.
std::vector<RunOutputs> run_ticks_on_oracle(const Graph& graph, Match match,
                                            const std::vector<Tick>& ticks,
                                            const std::vector<TracePoint>& traced = {});
// What the firmware reads for these ticks.
Bytes ticks_stream(const Program& program, const std::vector<Tick>& ticks);
// The tick of the generated C, NAME_invoke, over all of them.
std::vector<RunOutputs> run_ticks_on_target(const Program& program, const ResolvedTarget& target,
                                            const std::vector<Tick>& ticks,
                                            const std::vector<int>& traced_steps = {});
// The whole of the generated C: NAME_push in blocks of `block` samples (0: as many as it takes),
// each followed by NAME_poll, and NAME_flush behind every recording; or NAME_decide.
std::vector<PipelineDecision> run_recordings(const Program& program, const ResolvedTarget& target,
                                             const std::vector<RawRecording>& recordings,
                                             int64_t block = 0);
// What the firmware of the modes `recordings` and `slices` reads, and what its output means.
Bytes recordings_stream(const Graph& graph, const std::vector<RawRecording>& recordings,
                        int64_t block);
std::vector<PipelineDecision> read_decisions(const Graph& graph, size_t recordings,
                                             const Bytes& output);

}  // namespace thimble
