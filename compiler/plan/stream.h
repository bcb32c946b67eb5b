// The memory of a pipeline that takes samples one after another: what NAME_push stores until
// NAME_poll has made a tick of it (device/kernels/stream.h).
#pragma once

#include "ir/program.h"
#include "ir/target_facts.h"

namespace thimble {

// Adds the ring and its control block to the state, when the graph is the tick graph of a streamed
// pipeline. Stands between schedule and plan_memory. Throws T0301 when the chip cannot count that
// many samples.
// `slices`: with room for what a tick that runs slice by slice keeps (plan/slices.h).
void add_stream(Program& program, const TargetFacts& target, bool slices = false);

}  // namespace thimble
