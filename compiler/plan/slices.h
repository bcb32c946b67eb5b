// A tick cut into slices: NAME_poll_slice runs one of them at a time, so that a watchdog or another
// task gets its turn.
//
// Steps follow one another in a slice as long as their cost stays within the limit. A loop or
// branch that fits is one piece; else its parts are pieces of their own, a loop turn by turn:
//
//   if c { a } else { b } d   becomes   0: if !c -> 1; a -> 2   1: b -> 2   2: d
//   for t { a; b } c          becomes   0: t = 0   1: a; b; next t -> 1   2: c
//
// Tested by tests/unit/plan/slices_test.cc.
#pragma once

#include "ir/program.h"

#include <cstdint>
#include <string>
#include <vector>

namespace thimble {

struct SliceOp {
    enum class Kind : uint8_t {
        whole,       // the steps from `step` to `last`, a layer or a whole region
        calls,       // only the kernel calls of a step that parts or ends a region
        test,        // of the `if` that `step` begins: when it does not hold, on with slice `to`
        go,          // on with slice `to`
        begin_loop,  // turn 0 of the loop that `step` begins
        next_turn,   // of the loop that `step` begins: as long as there is one, on with slice `to`
    };
    Kind kind = Kind::whole;
    int step = -1;
    int last = -1;
    int to = -1;
};

struct Slice {
    std::vector<SliceOp> ops;
    uint64_t cost = 0;  // estimated from the steps'
};

struct SlicePlan {
    std::vector<Slice> slices;  // each goes on with the next one, the last one ends the tick
    std::vector<int> loops;     // steps that begin loops which are cut; their turns are kept
    uint64_t cycles_max = 0;    // that were asked for
    uint64_t longest = 0;       // measured, of a call of NAME_poll_slice; 0: not measured
    std::string unit;           // of both
    std::string measured_on;
};

// `costs`: of every step in one tick, all its turns. Throws T0301 when one layer alone costs more
// than `limit`.
SlicePlan plan_slices(const Program& program, const std::vector<uint64_t>& costs, uint64_t limit);

}  // namespace thimble
