// Does a compiled model fit a board, and by how much?
//
// A board fits when state, work, stack and what the board's runtime keeps for itself fit its RAM,
// and code and weights fit its flash beside bootloader and core. RAM comes from the memory plan and
// is exact. Flash and stack are either measured (profile.h) or estimated: constants are counted
// exactly, code by the number of kernel instances. An estimate is always said to be one.
#pragma once

#include "ir/program.h"
#include "targets/target.h"
#include "verify/profile.h"

#include <cstdint>
#include <string>

namespace thimble {

struct Footprint {
    int64_t flash = 0;         // bytes: code and weights
    int64_t ram = 0;           // bytes: state, work, and io outside of them
    int64_t stack = 0;         // bytes
    double cycles = 0;         // of one invocation; instructions count as cycles
    bool measured = false;     // flash, stack and cycles were measured, not estimated
};

// Input that the caller holds outside of NAME_t: one time step, of programs that are fed by steps.
int64_t outer_bytes(const Program& program);

// What is certain without any estimate: constants and RAM.
Footprint least_footprint(const Program& program);
Footprint estimate_footprint(const Program& program, const TargetFacts& facts);
Footprint measured_footprint(const Profile& profile);

struct Fit {
    bool fits = false;
    bool limited = true;       // false: the board has no limit worth naming (pc, browser)
    int64_t flash_free = 0;    // bytes left; negative: missing
    int64_t ram_free = 0;
    double latency_ms = 0;     // 0: unknown
    std::string advice;        // what to change; empty when it fits
};

Fit fit_board(const Board& board, const Footprint& footprint, const Program& program);

// The step whose buffers need most RAM, and the one whose tables need most flash: what to shrink.
std::string largest_in_ram(const Program& program);
std::string largest_in_flash(const Program& program);

// Throws T0301 with the bytes that are missing and the largest layer.
void require_fit(const Board& board, const Footprint& footprint, const Program& program);

}  // namespace thimble
