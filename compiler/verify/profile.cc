#include "verify/profile.h"

#include "base/error.h"
#include "ir/pipeline.h"
#include "verify/fit.h"
#include "verify/verify.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace thimble {

namespace {

RunResult run_counted(const Image& image, const ResolvedTarget& target, const Bytes& stream)
{
    RunResult result = run_firmware(target, image.firmware, stream, 3600);
    require(result.exit_code == 0, ErrorCode::T0402,
            {target.name,
             fmt::format("the firmware ended with status {}: {}", result.exit_code, result.message),
             "status 0", "report this with the model"});
    return result;
}

RunResult run_once(const Program& program, const ResolvedTarget& target, HarnessMode mode,
                   const TensorBytes& inputs)
{
    return run_counted(build_image(program, target, mode), target,
                       runs_stream(program, {inputs}, {}));
}

// Bytes of the weight tables that the emitted source refers to.
int64_t weight_bytes(const Program& program)
{
    std::set<int> used;
    for (const Step& step : program.steps)
        for (const KernelCall& call : step.calls)
            for (const Arg& arg : call.args)
                if (arg.kind == Arg::Kind::table) used.insert(arg.index);
    int64_t bytes = 0;
    for (const int index : used) {
        const Table& table = program.tables[static_cast<size_t>(index)];
        if (table.is_weight) bytes += static_cast<int64_t>(table.bytes.size());
    }
    return bytes;
}

// What each step took, of all its turns. `layered.marks` holds two marks around nothing, then for
// every run one at the begin, one for each step that has ended, and one at the end. Where steps
// repeat each is a pair, with the step's number in the output, or kEndOfRun.
class LayerMarks {
public:
    LayerMarks(const Program& program, const RunResult& layered)
        : program_(program), layered_(layered), named_(repeats_steps(program))
    {
        overhead_ = before(1);
        mark_ = 2;
        if (named_) output_ = 4;
    }

    // Of the next run.
    std::vector<uint64_t> run()
    {
        std::vector<uint64_t> spent(program_.steps.size(), 0);
        if (named_) THIMBLE_CHECK(name() == kEndOfRun, "a run without begin");
        ++mark_;
        for (size_t i = 0; named_ || i < spent.size(); ++i, ++mark_) {
            const int step = named_ ? name() : static_cast<int>(i);
            if (step == kEndOfRun) break;
            if (step == kNoLayer) continue;
            const int begin = program_.steps.at(static_cast<size_t>(step)).begin;
            const uint64_t took = before(mark_);
            spent[static_cast<size_t>(begin >= 0 ? begin : step)] +=
                took > overhead_ ? took - overhead_ : 0;
        }
        ++mark_;
        output_ += 4;  // the stack
        for (const TensorId id : program_.graph.outputs)
            output_ += static_cast<size_t>(program_.graph.tensor(id).bytes());
        return spent;
    }

private:
    // Between the mark of this number and the one before.
    uint64_t before(size_t mark) const
    {
        const size_t at = mark * (named_ ? 2 : 1);
        THIMBLE_CHECK(at < layered_.marks.size(), "the layer firmware lost a mark");
        return layered_.marks[at] - layered_.marks[at - 1];
    }
    int name()
    {
        THIMBLE_CHECK(output_ + 2 <= layered_.output.size(), "the layer firmware lost a name");
        output_ += 2;
        return layered_.output[output_ - 2] + 256 * layered_.output[output_ - 1];
    }

    const Program& program_;
    const RunResult& layered_;
    bool named_;
    size_t mark_ = 0;    // the next one
    size_t output_ = 0;  // the next byte
    uint64_t overhead_ = 0;
};

Profile begin_profile(const ResolvedTarget& target)
{
    require(std::string(target.family->unit) != "", ErrorCode::T0003,
            {target.name, "nothing is counted on this target",
             "a target with an emulator, such as uno or cortex-m4", "thimble targets"});
    Profile result;
    result.target = target.family->name;
    result.board = target.board ? target.board->name : "";
    result.emulator =
        target.family->emulator == Emulator::simavr ? "simavr" : target.family->emulator_program;
    result.unit = target.family->unit;
    return result;
}

void add_layers(const Program& program, const std::vector<uint64_t>& spent, Profile& result)
{
    for (size_t i = 0; i < program.steps.size(); ++i) {
        const Step& step = program.steps[i];
        // The parts of a loop or branch other than its layers count to where it begins.
        if (step.begin >= 0) continue;
        result.layers.push_back({step.layer, step.op, step.variant, step.macs, spent[i]});
    }
}

void add_sizes(const Program& program, const ResolvedTarget& target, HarnessMode mode,
               Profile& result)
{
    const Firmware full = build_image(program, target, mode).firmware;
    const Firmware empty = build_empty_image(program, target, mode).firmware;
    result.flash_weights = weight_bytes(program);
    result.flash_code = full.flash() - empty.flash() - result.flash_weights;
    result.ram_state = program.state_bytes;
    result.ram_work = program.work_bytes;
    result.ram_io = outer_bytes(program);
}

int64_t u32_at(const Bytes& bytes, size_t at)
{
    int64_t value = 0;
    for (size_t i = 0; i < 4; ++i) value |= static_cast<int64_t>(bytes.at(at + i)) << (8 * i);
    return value;
}

// The longest tick; `total`, `stack` and the mean are set.
size_t measure_ticks(const Program& program, const ResolvedTarget& target,
                     const std::vector<Tick>& ticks, Profile& result)
{
    const RunResult plain = run_counted(build_image(program, target, HarnessMode::profile), target,
                                        ticks_stream(program, ticks));
    THIMBLE_CHECK(plain.marks.size() == 2 + 2 * ticks.size(), "the profile firmware lost a mark");
    result.marker_overhead = plain.marks[1] - plain.marks[0];
    size_t longest = 0, at = 0;
    double sum = 0;
    int64_t outputs = 4;
    for (const TensorId id : program.graph.outputs) outputs += program.graph.tensor(id).bytes();
    for (size_t i = 0; i < ticks.size(); ++i, at += static_cast<size_t>(outputs)) {
        const uint64_t took =
            plain.marks[2 * i + 3] - plain.marks[2 * i + 2] - result.marker_overhead;
        sum += static_cast<double>(took);
        result.stack = std::max(result.stack, u32_at(plain.output, at));
        if (took <= result.total) continue;
        result.total = took;
        longest = i;
    }
    result.pipeline->mean = sum / static_cast<double>(ticks.size());
    return longest;
}

// NAME_push and NAME_poll, by the marks of HarnessMode::push.
void measure_stream(const Program& program, const ResolvedTarget& target, Profile& result)
{
    const RunResult run = run_counted(build_image(program, target, HarnessMode::push), target, {});
    THIMBLE_CHECK(run.marks.size() == 10, "the push firmware lost a mark");
    const auto took = [&](size_t i) {
        return run.marks[2 * i + 1] - run.marks[2 * i] - result.marker_overhead;
    };
    PipelineCost& cost = *result.pipeline;
    cost.push_one = took(1);
    const int64_t window = program.graph.interface->window;
    // The second call pushed one sample and the rest of a window.
    cost.push_more = window > 1 ? (static_cast<double>(took(2)) - static_cast<double>(took(1))) /
                                      static_cast<double>(window - 1)
                                : static_cast<double>(took(1));
    cost.poll = took(4) > took(3) ? took(4) - took(3) : 0;
    // What poll puts on the stack below the tick.
    result.stack += std::max<int64_t>(0, u32_at(run.output, 4) - u32_at(run.output, 0));
}

}  // namespace

Profile profile_pipeline(const Program& program, const ResolvedTarget& target,
                         const std::vector<RawRecording>& recordings)
{
    Profile result = begin_profile(target);
    result.pipeline = PipelineCost{};
    std::vector<Tick> ticks = cut_ticks(program.graph, recordings);
    require(!ticks.empty(), ErrorCode::T0105,
            {recordings.empty() ? "no recording" : recordings[0].name, "too short for a tick",
             fmt::format("{} samples", program.graph.interface->window), "a longer recording"});
    result.pipeline->ticks = static_cast<int64_t>(ticks.size());
    const size_t longest = measure_ticks(program, target, ticks, result);
    size_t first = longest;
    while (!ticks[first].first) --first;
    result.pipeline->longest =
        fmt::format("{}, tick {}", recordings[ticks[longest].recording].name, longest - first);
    const auto begin = ticks.begin() + static_cast<std::ptrdiff_t>(first);
    const std::vector<Tick> until(begin, begin + static_cast<std::ptrdiff_t>(longest - first) + 1);
    const RunResult layered = run_counted(build_image(program, target, HarnessMode::layers), target,
                                          ticks_stream(program, until));
    LayerMarks marks(program, layered);
    std::vector<uint64_t> spent;
    for (size_t i = 0; i < until.size(); ++i) spent = marks.run();
    add_layers(program, spent, result);
    if (program.stream) measure_stream(program, target, result);
    add_sizes(program, target, program.stream ? HarnessMode::push : HarnessMode::profile, result);
    return result;
}

// The most that each step took in one tick, all its turns.
static std::vector<uint64_t> step_costs(const Program& program, const ResolvedTarget& target,
                                        const std::vector<Tick>& ticks)
{
    const RunResult layered = run_counted(build_image(program, target, HarnessMode::layers), target,
                                          ticks_stream(program, ticks));
    LayerMarks marks(program, layered);
    std::vector<uint64_t> most(program.steps.size(), 0);
    for (size_t i = 0; i < ticks.size(); ++i) {
        const std::vector<uint64_t> spent = marks.run();
        for (size_t s = 0; s < spent.size(); ++s) most[s] = std::max(most[s], spent[s]);
    }
    return most;
}

// The longest call of NAME_poll_slice; throws T0501 when the decisions are others.
static uint64_t longest_slice(const Program& program, const ResolvedTarget& target,
                              const std::vector<RawRecording>& recordings, const SlicePlan& plan,
                              const std::vector<PipelineDecision>& expected)
{
    const Image image = build_image(program, target, HarnessMode::slices, {},
                                    std::make_shared<const SlicePlan>(plan));
    const RunResult run =
        run_counted(image, target, recordings_stream(program.graph, recordings, 0));
    require(read_decisions(program.graph, recordings.size(), run.output) == expected,
            ErrorCode::T0501,
            {program.name, "slices decide otherwise than whole ticks", "the same decisions",
             "report this with the project"});
    uint64_t longest = 0;
    const uint64_t overhead = run.marks.at(1) - run.marks.at(0);
    for (size_t i = 2; i + 1 < run.marks.size(); i += 2)
        longest = std::max(longest, run.marks[i + 1] - run.marks[i] - overhead);
    return longest;
}

SlicePlan measure_slices(const Program& program, const ResolvedTarget& target,
                         const std::vector<RawRecording>& recordings, uint64_t limit)
{
    constexpr int kAttempts = 6;
    begin_profile(target);
    const std::vector<uint64_t> costs =
        step_costs(program, target, cut_ticks(program.graph, recordings));
    const auto expected = run_recordings(program, target, recordings);
    // What poll does around a slice comes on top of the steps.
    uint64_t goal = limit;
    SlicePlan plan;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        plan = plan_slices(program, costs, goal);
        plan.cycles_max = limit;
        plan.unit = target.family->unit;
        plan.measured_on = target.name;
        plan.longest = longest_slice(program, target, recordings, plan, expected);
        if (plan.longest <= limit) return plan;
        goal = std::min(goal - 1,
                        goal > plan.longest - limit ? goal - (plan.longest - limit) : uint64_t{1});
    }
    fail(ErrorCode::T0301,
         {fmt::format("--slices {}", limit), fmt::format("a slice takes {}", plan.longest),
          "a limit that the longest layer keeps", fmt::format("--slices {}", plan.longest)});
}

Profile profile(const Program& program, const ResolvedTarget& target, uint64_t seed)
{
    Profile result = begin_profile(target);
    const TensorBytes inputs = make_cases(program.graph, 1, seed)[0].inputs;
    const RunResult plain = run_once(program, target, HarnessMode::profile, inputs);
    const bool by_steps = program.sequence_loop && !program.sequence_loop->holds_input;
    const auto calls = static_cast<size_t>(by_steps ? program.sequence_loop->turns : 1);
    THIMBLE_CHECK(plain.marks.size() == 2 + 2 * calls && plain.output.size() >= 4,
                  "the profile firmware lost a mark");
    result.marker_overhead = plain.marks[1] - plain.marks[0];
    for (size_t i = 2; i < plain.marks.size(); i += 2)
        result.total += plain.marks[i + 1] - plain.marks[i] - result.marker_overhead;
    result.stack = u32_at(plain.output, 0);
    const RunResult layered = run_once(program, target, HarnessMode::layers, inputs);
    add_layers(program, LayerMarks(program, layered).run(), result);
    add_sizes(program, target, HarnessMode::profile, result);
    return result;
}

}  // namespace thimble
