// The numerical proof of a recognition: what was cut out and what replaced it give the same values.
//
// Only the nodes that differ are evaluated, on at least 100 inputs: all least, all greatest, zero,
// large and small random ones, and where states are involved over several runs in a row. Integers
// must be equal, floats within the tolerance of verify (1e-5 + 1e-4 x the largest magnitude).
#pragma once

#include "ir/graph.h"

#include <string>

namespace thimble {

constexpr int kProofInputs = 100;

struct Proof {
    bool equal = false;
    std::string difference;  // the first one found, for the note to the user
};

// Both graphs number their tensors alike; `after` may have more. A tensor that both write holds the
// same in both, and is compared when something else reads it.
Proof prove_same_results(const Graph& before, const Graph& after);

}  // namespace thimble
