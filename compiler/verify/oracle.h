// The oracle: evaluates a graph as it was imported, before any pass, one operator after another.
//
// It is the judge of everything the compiler makes. Slow and obvious; it shares no code with
// lowering, passes or the device kernels.
#pragma once

#include "ops/evaluate.h"

namespace thimble {

using Oracle = Evaluator;

}  // namespace thimble
