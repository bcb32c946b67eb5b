#include "evaluate/decide.h"

#include "base/error.h"
#include "base/process.h"
#include "compile.h"
#include "verify/oracle.h"

#include <fmt/format.h>
#include <optional>

namespace thimble {

namespace {

// Bytes of samples that firmware is given at once: between two of them progress is told.
constexpr size_t kBatchBytes = 4 << 20;
constexpr size_t kBetweenReports = 16;

void tell(const RecordingProgress& progress, size_t done, size_t all)
{
    if (progress) progress(done, all);
}

std::vector<PipelineDecision> decide_on_oracle(const Graph& graph, Match match,
                                               const std::vector<RawRecording>& recordings,
                                               const RecordingProgress& progress)
{
    std::vector<PipelineDecision> decisions;
    Oracle oracle(graph, match);
    for (size_t r = 0; r < recordings.size(); ++r) {
        if (r % kBetweenReports == 0) tell(progress, r, recordings.size());
        for (const Tick& tick : cut_ticks(graph, {recordings[r]})) {
            if (tick.first) oracle.reset();
            oracle.begin_sequence();
            for (size_t i = 0; i < tick.inputs.size(); ++i) oracle.set_input(i, tick.inputs[i]);
            oracle.run();
            if (oracle.output(0)[0] == 0) continue;
            PipelineDecision decision{r, tick.samples, {}};
            for (size_t i = 1; i < graph.outputs.size(); ++i)
                decision.values.emplace_back(oracle.output(i).begin(), oracle.output(i).end());
            decisions.push_back(std::move(decision));
        }
    }
    return decisions;
}

// Streams go through NAME_push and NAME_poll; of all else the ticks are run themselves, so that
// states live on within a recording that enters in the middle of the chain.
std::vector<PipelineDecision> decide_batch(const Program& program, const ResolvedTarget& target,
                                           const std::vector<RawRecording>& recordings)
{
    if (program.graph.interface->streamed()) return run_recordings(program, target, recordings);
    const std::vector<Tick> ticks = cut_ticks(program.graph, recordings);
    return decisions_of(ticks, run_ticks_on_target(program, target, ticks));
}

std::vector<PipelineDecision> decide_on_target(const Program& program, const ResolvedTarget& target,
                                               const std::vector<RawRecording>& recordings,
                                               const RecordingProgress& progress)
{
    std::vector<PipelineDecision> decisions;
    for (size_t begin = 0; begin < recordings.size();) {
        tell(progress, begin, recordings.size());
        std::vector<RawRecording> batch;
        size_t bytes = 0;
        for (size_t r = begin; r < recordings.size() && (batch.empty() || bytes < kBatchBytes);
             ++r) {
            batch.push_back(recordings[r]);
            bytes += recordings[r].samples.size();
        }
        for (PipelineDecision& decision : decide_batch(program, target, batch)) {
            decision.recording += begin;
            decisions.push_back(std::move(decision));
        }
        begin += batch.size();
    }
    return decisions;
}

}  // namespace

EngineChoice fastest_engine()
{
    EngineChoice choice;
    choice.engine = find_program("gcc") ? "host" : "oracle";
    choice.compile = [](const Graph& graph, const ResolvedTarget& target) {
        return compile(graph, {.name = "network", .target = target.facts});
    };
    return choice;
}

void require_one_engine(const EngineChoice& choice)
{
    require(choice.engine != "float" || choice.target.empty(), ErrorCode::T0004,
            {"--engine float", "together with --target " + choice.target,
             "the float networks, or generated C on a chip", "leave one of them out"});
}

ResolvedTarget engine_target(const EngineChoice& choice)
{
    const std::string name = choice.generated();
    ResolvedTarget target = find_target(name);
    require(target.family->emulator != Emulator::none, ErrorCode::T0003,
            {"--target " + name, "this target has no emulator",
             "a target that `thimble targets` lists with an emulator", "--engine host"});
    return target;
}

std::vector<PipelineDecision> decide(const Graph& graph,
                                     const std::vector<RawRecording>& recordings,
                                     const EngineChoice& choice, const RecordingProgress& progress)
{
    if (choice.generated().empty())
        return decide_on_oracle(graph, choice.match, recordings, progress);
    const ResolvedTarget target = engine_target(choice);
    tell(progress, 0, recordings.size());
    return decide_on_target(choice.compile(graph, target), target, recordings, progress);
}

std::vector<RunOutputs> run_all(const Graph& graph, const std::vector<TensorBytes>& inputs,
                                const EngineChoice& choice, const RecordingProgress& progress)
{
    tell(progress, 0, inputs.size());
    if (!choice.generated().empty()) {
        const ResolvedTarget target = engine_target(choice);
        return run_on_target(choice.compile(graph, target), target, inputs);
    }
    std::vector<RunOutputs> results;
    for (size_t begin = 0; begin < inputs.size(); begin += kBetweenReports) {
        tell(progress, begin, inputs.size());
        const size_t end = std::min(inputs.size(), begin + kBetweenReports);
        const auto at = [&](size_t i) { return inputs.begin() + static_cast<std::ptrdiff_t>(i); };
        for (RunOutputs& run : run_oracle(graph, choice.match, false, {at(begin), at(end)}))
            results.push_back(std::move(run));
    }
    return results;
}

}  // namespace thimble
