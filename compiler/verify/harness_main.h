// The main program that runs a generated model on any machine of device/harness.
//
// It reads a count of runs, then for every run the inputs; it writes the outputs, and
// what the chosen mode adds. All numbers are little-endian, as on every target.
#pragma once

#include "ir/program.h"

#include <string>
#include <vector>

namespace thimble {

enum class HarnessMode {
    run,      // outputs only; two marks around every invocation
    trace,    // also the outputs of chosen steps, written after each of them
    profile,  // marks around an empty region and the invocation; stack use after the outputs
    steps,    // outputs only, by NAME_step instead of NAME_invoke
    layers,   // as profile, and a mark after every step. Where steps repeat, each of all marks is
              // two, with the step's number, two bytes, in the output between them.
};

// In place of a step's number: what passed before a call of NAME_step.
constexpr int kNoLayer = 65535;

struct HarnessSources {
    std::string main_c;
    std::string
        wrapper_c;  // includes NAME.c with the hook of the mode; compiled in place of NAME.c
};

// `traced_steps`: for HarnessMode::trace.
HarnessSources harness_sources(const Program& program, HarnessMode mode,
                               const std::vector<int>& traced_steps = {});
// True for programs with loops or branches: a step may run many times, or never.
bool repeats_steps(const Program& program);
// NAME.c of a model that does nothing: what the firmware weighs without the network.
std::string empty_model_source(const Program& program);
// Tensors of a step's outputs that lie in memory and can be traced.
std::vector<TensorId> traceable_outputs(const Program& program, int step);

}  // namespace thimble
