// Recordings through a pipeline, by the oracle or by its generated C, with progress.
//
// The float engine is the oracle on the project whose networks are the float ones
// (float_project.h); nothing here knows of it.
//
// Tested by tests/scripts/eval_test.sh.
#pragma once

#include "ir/program.h"
#include "ops/eval.h"
#include "targets/target.h"
#include "verify/ticks.h"

#include <functional>
#include <string>
#include <vector>

namespace thimble {

// Called now and then with the number of recordings that are done, and of all.
using RecordingProgress = std::function<void(size_t done, size_t all)>;

struct EngineChoice {
    std::string engine = "oracle";  // "float", "oracle", "host"
    std::string target;             // an emulated chip; empty: by the engine
    Match match = Match::tflm;
    // The options of the command line, for engines that run generated C.
    std::function<Program(const Graph&, const ResolvedTarget&)> compile;

    // The target whose C is run; empty: none is.
    std::string generated() const
    {
        return !target.empty() ? target : engine == "host" ? engine : "";
    }
    std::string name() const { return target.empty() ? engine : target; }
};

// The generated C, compiled for this computer; without a compiler the oracle. Both give the same
// integers.
EngineChoice fastest_engine();

// Throws T0004 for the float engine on a chip: generated C is that of the quantised networks.
void require_one_engine(const EngineChoice& choice);

// The target of a choice that runs generated C. Throws T0002 and T0003 (no emulator).
ResolvedTarget engine_target(const EngineChoice& choice);

// Decisions in the order of the recordings and of time. `graph` is a tick graph with its interface.
std::vector<PipelineDecision> decide(const Graph& graph,
                                     const std::vector<RawRecording>& recordings,
                                     const EngineChoice& choice,
                                     const RecordingProgress& progress = {});

// The outputs of a graph that is no pipeline, one run for each of `inputs`.
std::vector<RunOutputs> run_all(const Graph& graph, const std::vector<TensorBytes>& inputs,
                                const EngineChoice& choice, const RecordingProgress& progress = {});

}  // namespace thimble
