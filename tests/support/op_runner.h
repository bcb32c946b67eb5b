// Runs text cases: literal outputs against the oracle, the oracle against generated C on targets.
#pragma once

#include "op_case.h"

#include <string>
#include <vector>

namespace thimble {

struct OpCaseResult {
    enum class State { passed, failed, skipped };
    State state = State::passed;
    std::string reason;  // of a failure or a skip
};

// Writes the case as a model, reads and imports it, and compares the oracle with literal outputs;
// with `target` ("host", "avr", "uno", ...) then also the generated C with the oracle in every run.
// An empty `target` means the oracle alone.
OpCaseResult run_op_case(const OpCase& one, const std::string& target);

}  // namespace thimble
