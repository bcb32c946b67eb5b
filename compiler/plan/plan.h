// Memory planning: an offset for every buffer, so that no two live at once overlap.
//
// Work buffers share one block. Greedy by size gives a first plan and an upper bound; then an exact
// branch and bound over canonical placements (each buffer directly on top of others that live with
// it, or at 0) searches for a smaller one until the lower bound (most bytes live in one step) is
// reached or the time is up. In-place candidates are merged first when their lives allow.
// Sources: first-fit by size as in TFLM; canonical placements as in MiniMalloc (ASPLOS 2023).
// Tested against brute force by tests/unit/plan/plan_test.cc.
#pragma once

#include "ir/program.h"

namespace thimble {

struct PlanOptions {
    int64_t search_nodes_max = 2'000'000;  // a deterministic cap: the same plan on every machine
};

// Sets Buffer::offset of every buffer, Program::work_bytes, state_bytes, sequence_bytes,
// work_bytes_lower_bound. What starts anew with every call lies first in the state.
void plan_memory(Program& program, const PlanOptions& options = {});

}  // namespace thimble
