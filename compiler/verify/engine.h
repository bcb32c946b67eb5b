// Runs a model with one of the engines: the oracle, or the generated C on a target (the host too).
#pragma once

#include "ir/program.h"
#include "ops/eval.h"
#include "targets/target.h"
#include "verify/emulator.h"
#include "verify/harness_main.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

using Bytes = std::vector<uint8_t>;
using TensorBytes = std::vector<Bytes>;  // one entry per graph input or output

struct TracedTensor {
    TensorId tensor;
    Bytes bytes;
};

struct RunOutputs {
    TensorBytes outputs;
    std::vector<TracedTensor> traced;  // in order of computation
};

// The runs follow one upon another: state persists, but that of recurrent layers (per_sequence)
// starts anew with every run unless `keep_state`.
std::vector<RunOutputs> run_oracle(const Graph& graph, Match match, bool keep_state,
                                   const std::vector<TensorBytes>& inputs,
                                   const std::vector<TensorId>& traced = {});

// The generated C compiled for `target` with the harness of `mode`. Images are kept in a cache
// (THIMBLE_CACHE, else XDG_CACHE_HOME/thimble, else ~/.cache/thimble) under a hash of everything
// that went into them, so that a second run starts at once.
struct Image {
    Firmware firmware;
    std::filesystem::path folder;
};
Image build_image(const Program& program, const ResolvedTarget& target, HarnessMode mode,
                  const std::vector<int>& traced_steps = {});
// The same firmware around a model that does nothing.
Image build_empty_image(const Program& program, const ResolvedTarget& target);

// Runs follow one upon another from the initial state, with the state policy that `program` was
// compiled with. Throws T0402 when the firmware crashes. Outputs of `traced_steps` are returned per
// run.
std::vector<RunOutputs> run_on_target(const Program& program, const ResolvedTarget& target,
                                      const std::vector<TensorBytes>& inputs,
                                      const std::vector<int>& traced_steps = {});
// The same by NAME_step, for programs that have it.
std::vector<RunOutputs> run_by_steps(const Program& program, const ResolvedTarget& target,
                                     const std::vector<TensorBytes>& inputs);

}  // namespace thimble
