#include "verify/profile.h"

#include "base/error.h"
#include "verify/fit.h"
#include "verify/verify.h"

#include <fmt/format.h>
#include <set>

namespace thimble {

namespace {

RunResult run_once(const Program& program, const ResolvedTarget& target, HarnessMode mode,
                   const TensorBytes& inputs)
{
    const Image image = build_image(program, target, mode);
    Bytes stream = {1, 0};
    for (const Bytes& tensor : inputs) stream.insert(stream.end(), tensor.begin(), tensor.end());
    RunResult result = run_firmware(target, image.firmware, stream, 3600);
    require(result.exit_code == 0, ErrorCode::T0402,
            {target.name,
             fmt::format("the firmware ended with status {}: {}", result.exit_code, result.message),
             "status 0", "report this with the model"});
    return result;
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

// What each step took, of all its turns. `layered.marks` holds two marks around nothing, one at the
// begin, one for each step that has ended, and one at the end; where steps repeat each is a pair,
// with the step's number in the output.
std::vector<uint64_t> spent_by_step(const Program& program, const RunResult& layered)
{
    const bool named = repeats_steps(program);
    const size_t width = named ? 2 : 1;
    const std::vector<uint64_t>& marks = layered.marks;
    THIMBLE_CHECK(marks.size() >= 4 * width && marks.size() % width == 0,
                  "the layer firmware lost a mark");
    const size_t ended = marks.size() / width - 4;
    THIMBLE_CHECK(named ? layered.output.size() >= 2 * (ended + 4)
                        : ended == program.steps.size(),
                  "the layer firmware lost a mark");
    const auto between = [&](size_t i) { return marks[width * i] - marks[width * i - 1]; };
    const uint64_t overhead = between(1);
    std::vector<uint64_t> spent(program.steps.size(), 0);
    for (size_t i = 0; i < ended; ++i) {
        const size_t at = 2 * (i + 3);
        const size_t step = named ? layered.output[at] + size_t{256} * layered.output[at + 1] : i;
        if (step == static_cast<size_t>(kNoLayer)) continue;
        const int begin = program.steps.at(step).begin;
        const uint64_t took = between(i + 3);
        spent[begin >= 0 ? static_cast<size_t>(begin) : step] +=
            took > overhead ? took - overhead : 0;
    }
    return spent;
}

}  // namespace

Profile profile(const Program& program, const ResolvedTarget& target, uint64_t seed)
{
    require(std::string(target.family->unit) != "", ErrorCode::T0003,
            {target.name, "nothing is counted on this target",
             "a target with an emulator, such as uno or cortex-m4", "thimble targets"});
    const TensorBytes inputs = make_cases(program.graph, 1, seed)[0].inputs;
    Profile result;
    result.target = target.family->name;
    result.board = target.board ? target.board->name : "";
    result.emulator =
        target.family->emulator == Emulator::simavr ? "simavr" : target.family->emulator_program;
    result.unit = target.family->unit;

    const RunResult plain = run_once(program, target, HarnessMode::profile, inputs);
    const bool by_steps = program.sequence_loop && !program.sequence_loop->holds_input;
    const auto calls = static_cast<size_t>(by_steps ? program.sequence_loop->turns : 1);
    THIMBLE_CHECK(plain.marks.size() == 2 + 2 * calls && plain.output.size() >= 4,
                  "the profile firmware lost a mark");
    result.marker_overhead = plain.marks[1] - plain.marks[0];
    for (size_t i = 2; i < plain.marks.size(); i += 2)
        result.total += plain.marks[i + 1] - plain.marks[i] - result.marker_overhead;
    for (size_t i = 0; i < 4; ++i) result.stack |= static_cast<int64_t>(plain.output[i]) << (8 * i);

    const RunResult layered = run_once(program, target, HarnessMode::layers, inputs);
    const std::vector<uint64_t> spent = spent_by_step(program, layered);
    for (size_t i = 0; i < program.steps.size(); ++i) {
        const Step& step = program.steps[i];
        // The parts of a loop or branch other than its layers count to where it begins.
        if (step.begin >= 0) continue;
        result.layers.push_back({step.layer, step.op, step.variant, step.macs, spent[i]});
    }

    const Firmware full = build_image(program, target, HarnessMode::profile).firmware;
    const Firmware empty = build_empty_image(program, target).firmware;
    result.flash_weights = weight_bytes(program);
    result.flash_code = full.flash() - empty.flash() - result.flash_weights;
    result.ram_state = program.state_bytes;
    result.ram_work = program.work_bytes;
    result.ram_io = outer_bytes(program);
    return result;
}

}  // namespace thimble
