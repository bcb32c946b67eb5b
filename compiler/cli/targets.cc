// targets: processor families with their compilers and emulators.
#include "targets/target.h"

#include "cli/command.h"
#include "cli/output.h"
#include "verify/helpers.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

using nlohmann::json;

std::string emulator_name(const Target& family)
{
    switch (family.emulator) {
    case Emulator::simavr: return "simavr";
    case Emulator::qemu: return family.emulator_program;
    case Emulator::host: return "runs here";
    case Emulator::none: break;
    }
    return "";
}

std::string boards_of(const Target& family)
{
    std::string text;
    for (const Board& board : all_boards())
        if (std::string_view(board.family) == family.name)
            text += (text.empty() ? "" : " ") + std::string(board.name);
    return text;
}

std::string state_of(const ResolvedTarget& target)
{
    if (target.family->compiler.empty()) return "C only";
    if (!can_compile(target)) return "compiler missing";
    if (target.family->emulator == Emulator::host) return "ready";
    return can_measure(target) ? "ready" : "emulator missing";
}

Exit targets(bool as_json)
{
    json list = json::array();
    TextTable table({"family", "", "compiler", "emulator", "counts", "state", "boards"});
    for (const Target* family : all_targets()) {
        const ResolvedTarget target = find_target(family->name);
        const std::string emulator = emulator_name(*family);
        table.row({family->name, family->description,
                   family->compiler.empty() ? "-" : family->compiler,
                   emulator.empty() ? "-" : emulator, *family->unit == '\0' ? "-" : family->unit,
                   state_of(target), boards_of(*family)});
        list.push_back({{"target", family->name}, {"description", family->description},
                        {"compiler", family->compiler}, {"emulator", emulator},
                        {"unit", family->unit}, {"state", state_of(target)},
                        {"not_emulated", family->not_emulated}});
    }
    if (as_json) {
        print_json({{"targets", list}});
        return Exit::ok;
    }
    say(table.text());
    for (const Target* family : all_targets())
        if (!family->not_emulated.empty())
            say(fmt::format("not emulated on {}: {}\n", family->name, family->not_emulated));
    say_next("thimble doctor");
    return Exit::ok;
}

}  // namespace

extern const Command command_targets;
const Command command_targets = {
    .name = "targets",
    .summary = "List processor families, their compilers and emulators",
    .examples = {"thimble targets", "thimble targets --json"},
    .declare = [](OptionReader&) -> Run { return targets; },
};

}  // namespace thimble
