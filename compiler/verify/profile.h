// Measures a compiled model on its emulated target: cycles or instructions, flash, RAM, stack.
#pragma once

#include "ir/program.h"
#include "targets/target.h"
#include "verify/engine.h"

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
};

// Runs one seeded input. Throws T0003 when the target has no emulator that counts.
Profile profile(const Program& program, const ResolvedTarget& target, uint64_t seed = 1);

}  // namespace thimble
