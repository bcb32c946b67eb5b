// The main program that feeds recordings of raw samples to a generated pipeline.
//
// Input: u32 count of recordings, u32 block; each recording: u32 count of samples, the samples.
// Output: for every decision a byte 1 and its fields one after another, in the order of
// NAME_decision_t; behind each recording a byte 0.
#pragma once

#include "ir/target_facts.h"
#include "verify/harness_main.h"

namespace thimble {

HarnessSources recordings_sources(const Program& program, const TargetFacts& target, bool slices);
// HarnessMode::push; reads nothing.
HarnessSources push_sources(const Program& program);
// The functions around the tick, of a pipeline that does nothing.
std::string empty_pipeline_source(const Program& program);

}  // namespace thimble
