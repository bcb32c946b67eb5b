#include "verify/profile.h"

#include "base/error.h"
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
    THIMBLE_CHECK(plain.marks.size() == 4 && plain.output.size() >= 4,
                  "the profile firmware lost a mark");
    result.marker_overhead = plain.marks[1] - plain.marks[0];
    result.total = plain.marks[3] - plain.marks[2] - result.marker_overhead;
    for (size_t i = 0; i < 4; ++i) result.stack |= static_cast<int64_t>(plain.output[i]) << (8 * i);

    const RunResult layered = run_once(program, target, HarnessMode::layers, inputs);
    THIMBLE_CHECK(layered.marks.size() == program.steps.size() + 4,
                  "the layer firmware lost a mark");
    for (size_t i = 0; i < program.steps.size(); ++i) {
        const Step& step = program.steps[i];
        const uint64_t spent = layered.marks[3 + i] - layered.marks[2 + i];
        result.layers.push_back(
            {step.layer, step.op, step.variant, step.macs,
             spent > result.marker_overhead ? spent - result.marker_overhead : 0});
    }

    const Firmware full = build_image(program, target, HarnessMode::profile).firmware;
    const Firmware empty = build_empty_image(program, target).firmware;
    result.flash_weights = weight_bytes(program);
    result.flash_code = full.flash() - empty.flash() - result.flash_weights;
    result.ram_state = program.state_bytes;
    result.ram_work = program.work_bytes;
    return result;
}

}  // namespace thimble
