// What crosses the border of a loop or a branch: copies, most of which need not happen.
//
// Carried values have one buffer for the whole loop: their first values are copied in before it,
// the body's results at the end of every turn. Steps of a sequence are written into their place,
// results of a branch into those of the node. Where it is safe both ends become one buffer instead,
// and the copy disappears: a body that computes its carried value last, or in place, costs nothing.
#pragma once

#include "ir/program.h"
#include "ops/lower.h"

#include <vector>

namespace thimble {

struct Copy {
    enum class Role : uint8_t {
        initial,  // at the step that begins a loop: into a carried value
        carried,  // at the end of a turn: into a carried value
        stacked,  // at the end of a turn: into a part of a sequence
        result,   // at the end of a branch: into an output of the node
    };
    Role role = Role::initial;
    int step = 0;      // of whose calls it becomes one
    Arg from;          // a buffer or a table
    Arg to;            // a buffer
    int64_t rows = 1;  // pieces of the whole, and how far they lie apart on both sides
    int64_t row_bytes = 0;
    int64_t from_step = 0;
    int64_t to_step = 0;
};

// Removes copies whose two ends can share their memory. All other calls must be in `program`.
void coalesce_copies(Program& program, std::vector<Copy>& copies);

// Appends the remaining copies to their steps. Those of one step happen at once: a swap of two
// carried values takes a scratch buffer.
void add_copy_calls(Program& program, std::vector<Copy> copies, const TargetFacts& target,
                    const LowerOptions& options);
// One call, in a step of its own node.
void add_copy_call(LowerContext& context, const Copy& copy);

}  // namespace thimble
