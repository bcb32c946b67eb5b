#include "evaluate/front_stages.h"

#include "base/error.h"
#include "compile.h"
#include "emit/c_source.h"
#include "ir/pipeline.h"

namespace thimble {

namespace {

// Two minutes of sound at 16 kHz: about as long as a compiler takes.
constexpr int64_t kManySamples = 2'000'000;

}  // namespace

FrontStages::FrontStages(Pipeline front, int64_t sound_samples) : graph_(std::move(front.graph))
{
    graph_.interface = std::make_shared<const PipelineInterface>(std::move(front.interface));
    const bool integers = is_integer(output().type);
    if (sound_samples >= kManySamples && integers && graph_.interface->streamed())
        engine_.engine = "host";
    engine_.compile = [this](const Graph& graph, const ResolvedTarget& target) {
        if (!program_)
            program_ = std::make_shared<const Program>(
                compile(graph, {.name = c_identifier(graph.name), .target = target.facts}));
        return *program_;
    };
}

std::vector<std::vector<Bytes>> FrontStages::run(const std::vector<RawRecording>& recordings)
{
    std::vector<PipelineDecision> decisions;
    try {
        decisions = decide(graph_, recordings, engine_);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401 || !generated()) throw;
        // No compiler for this computer: the oracle needs none.
        engine_.engine = "oracle";
        decisions = decide(graph_, recordings, engine_);
    }
    std::vector<std::vector<Bytes>> results(recordings.size());
    for (PipelineDecision& decision : decisions)
        results[decision.recording].push_back(std::move(decision.values.at(0)));
    return results;
}

}  // namespace thimble
