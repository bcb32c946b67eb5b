// A program whose first part is a loop over the time steps of its input can be fed step by step:
// NAME_step runs one turn of the loop, the last one also what stands behind it.
#pragma once

#include "ir/program.h"

namespace thimble {

// Sets program.sequence_loop, or program.no_step_reason for recurrent networks that cannot be fed
// so, and makes all that lives from turn to turn a part of the state. With Feed::steps the input
// has no memory in the program; throws T0208 when the network cannot be fed by steps.
// Stands between schedule and plan_memory.
void find_sequence_loop(Program& program, Feed feed);

}  // namespace thimble
