// Runs a model with one of the engines: the oracle, or the generated C on a target (the host too).
#pragma once

#include "ir/program.h"
#include "ops/eval.h"
#include "targets/target.h"
#include "verify/emulator.h"
#include "verify/harness_main.h"
#include "verify/trace.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace thimble {

using Bytes = std::vector<uint8_t>;
using TensorBytes = std::vector<Bytes>;  // one entry per graph input or output

struct SlicePlan;  // plan/slices.h

struct TracedTensor {
    TensorId tensor;  // of the target's runs: of the program's graph
    Bytes bytes;      // of the oracle's runs: empty in a branch that was not taken
};

struct RunOutputs {
    TensorBytes outputs;
    std::vector<TracedTensor> traced;  // in order of computation
};

// The runs follow one upon another: state persists, but that of recurrent layers (per_sequence)
// starts anew with every run unless `keep_state`. All states have their initial values at the begin
// of the runs that `firsts` marks; empty: of the first one.
std::vector<RunOutputs> run_oracle(const Graph& graph, Match match, bool keep_state,
                                   const std::vector<TensorBytes>& inputs,
                                   const std::vector<TracePoint>& traced = {},
                                   const std::vector<bool>& firsts = {});

// The generated C compiled for `target` with the harness of `mode`. Images are kept in a cache
// (THIMBLE_CACHE, else XDG_CACHE_HOME/thimble, else ~/.cache/thimble) under a hash of everything
// that went into them, so that a second run starts at once.
struct Image {
    Firmware firmware;
    std::filesystem::path folder;
};
Image build_image(const Program& program, const ResolvedTarget& target, HarnessMode mode,
                  const std::vector<int>& traced_steps = {},
                  std::shared_ptr<const SlicePlan> slices = nullptr);
// The same firmware around a model that does nothing.
Image build_empty_image(const Program& program, const ResolvedTarget& target,
                        HarnessMode mode = HarnessMode::profile);

// Runs follow one upon another from the initial state, with the state policy that `program` was
// compiled with. Throws T0402 when the firmware crashes. Outputs of `traced_steps` are returned per
// run, in the order in which they were computed. `firsts` marks the runs that begin from the
// initial state (of tick graphs only); empty: the first one.
std::vector<RunOutputs> run_on_target(const Program& program, const ResolvedTarget& target,
                                      const std::vector<TensorBytes>& inputs,
                                      const std::vector<int>& traced_steps = {},
                                      const std::vector<bool>& firsts = {});
// What the firmware of all modes but `recordings` and `push` reads.
Bytes runs_stream(const Program& program, const std::vector<TensorBytes>& inputs,
                  const std::vector<bool>& firsts);
// What an image writes for `stream`. Throws T0402 when the firmware crashes.
Bytes run_image(const Image& image, const ResolvedTarget& target, const Bytes& stream);
// The same by NAME_step, for programs that have it.
std::vector<RunOutputs> run_by_steps(const Program& program, const ResolvedTarget& target,
                                     const std::vector<TensorBytes>& inputs);

}  // namespace thimble
