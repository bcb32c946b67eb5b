// Measures a compiled model on its emulated target: cycles or instructions, flash, RAM, stack.
#pragma once

#include "ir/program.h"
#include "plan/slices.h"
#include "targets/target.h"
#include "verify/engine.h"
#include "verify/ticks.h"

#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct LayerCost {
    std::string name;
    std::string op;
    std::string kernel;   // chosen variant
    int64_t macs = 0;
    uint64_t total = 0;   // in the target's unit
};

// What a pipeline costs besides its longest tick, which Profile::total and the layers are about.
struct PipelineCost {
    int64_t ticks = 0;      // that were measured
    double mean = 0;        // of one tick
    uint64_t push_one = 0;  // NAME_push of one sample
    double push_more = 0;   // each further sample of the same call
    uint64_t poll = 0;      // NAME_poll around one tick
    std::string longest;    // where the longest tick was: "uniform, tick 37"
};

// All sizes in bytes. Definitions: docs/emulators.md and README, "Measures".
struct Profile {
    std::string target;
    std::string board;     // empty for a family
    std::string emulator;
    std::string unit;
    uint64_t total = 0;            // one invocation, from the image without layer marks
    uint64_t marker_overhead = 0;  // already subtracted
    std::vector<LayerCost> layers;
    int64_t flash_code = 0;
    int64_t flash_weights = 0;
    int64_t flash_total() const { return flash_code + flash_weights; }
    int64_t ram_state = 0;
    int64_t ram_work = 0;
    int64_t ram_io = 0;
    int64_t ram_total() const { return ram_state + ram_work + ram_io; }
    int64_t stack = 0;
    std::optional<PipelineCost> pipeline;
};

// The longest tick among those of the recordings, all run in order. `program` is a pipeline's.
Profile profile_pipeline(const Program& program, const ResolvedTarget& target,
                         const std::vector<RawRecording>& recordings);
// Slices of at most `limit` (in the target's unit) for the ticks of the recordings, measured: the
// longest call of NAME_poll_slice keeps it. Throws T0301 when a layer does not, T0501 when the
// decisions differ from those of NAME_poll.
SlicePlan measure_slices(const Program& program, const ResolvedTarget& target,
                         const std::vector<RawRecording>& recordings, uint64_t limit);
// Runs one seeded input. Throws T0003 when the target has no emulator that counts.
Profile profile(const Program& program, const ResolvedTarget& target, uint64_t seed = 1);

}  // namespace thimble
