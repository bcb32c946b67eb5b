// Which constants a target with a separate flash (AVR) can read.
#pragma once

#include "ir/program.h"
#include "ir/target_facts.h"

namespace thimble {

// The kernels read flash by 16-bit addresses: one table is smaller than half of that range (the
// largest object of 16-bit C), and all tables together lie below the reach of LPM. Throws T0301
// with the largest layer when the program's tables do not. Nothing to check on other targets.
void require_tables_in_reach(const Program& program, const TargetFacts& target);

}  // namespace thimble
