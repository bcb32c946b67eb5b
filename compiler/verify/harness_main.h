// The main program that runs a generated model on any machine of device/harness.
//
// It reads a count of runs, then for every run the inputs; it writes the outputs, and
// what the chosen mode adds. A run of a tick graph has a byte before its inputs: 1 for the initial
// state. All numbers are little-endian, as on every target.
#pragma once

#include "ir/program.h"
#include "ir/target_facts.h"

#include <string>
#include <vector>

namespace thimble {

enum class HarnessMode {
    run,     // outputs only; two marks around every invocation
    trace,   // also the outputs of chosen steps, after each of them with its number, two bytes;
             // kNoLayer stands before the run's outputs
    push,    // of streamed pipelines, marks around: nothing, NAME_push of one sample, NAME_push of
             // a window, NAME_invoke, NAME_poll with one tick due; writes the stack of both
    slices,  // as recordings, by NAME_poll_slice, with a mark before and behind each call
    recordings,  // of pipelines, the whole way from samples to decisions (emit/c_pipeline.h)
    profile,     // marks around an empty region and the invocation; stack use after the outputs
    steps,       // outputs only, by NAME_step instead of NAME_invoke
    layers,  // as profile, and a mark after every step. Where steps repeat, each of all marks is
             // two, with the step's number, two bytes, in the output between them.
};

// In place of a step's number: what passed before a call of NAME_step; the end of a trace.
constexpr int kNoLayer = 65535;
constexpr int kEndOfRun = 65534;  // of HarnessMode::layers; its begin, too

struct HarnessSources {
    std::string main_c;
    std::string
        wrapper_c;  // includes NAME.c with the hook of the mode; compiled in place of NAME.c
};

// `traced_steps`: for HarnessMode::trace.
HarnessSources harness_sources(const Program& program, HarnessMode mode, const TargetFacts& target,
                               const std::vector<int>& traced_steps = {});
// True for programs with loops or branches: a step may run many times, or never.
bool repeats_steps(const Program& program);
// True for a step that may run several times in one run.
bool is_in_loop(const Program& program, const Step& step);
// NAME.c of a model that does nothing: what the firmware weighs without the network.
std::string empty_model_source(const Program& program);
// Tensors of a step's outputs that lie in memory and can be traced: not inside of loops. Those of a
// branch have a value only in the runs that take it.
std::vector<TensorId> traceable_outputs(const Program& program, int step);

}  // namespace thimble
