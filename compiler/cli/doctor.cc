// doctor: external tools found or missing, what each unlocks, how to install it.
#include "verify/doctor.h"

#include "cli/command.h"
#include "cli/output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

using nlohmann::json;

Exit doctor(bool as_json)
{
    json list = json::array();
    TextTable table({"tool", "state", "unlocks", "version"});
    std::string installs;
    for (const ToolStatus& tool : examine_tools()) {
        table.row({tool.name, tool.found ? "found" : "MISSING", tool.unlocks, tool.version});
        if (!tool.found) installs += fmt::format("{}: {}\n", tool.name, tool.install);
        list.push_back({{"tool", tool.name}, {"found", tool.found}, {"unlocks", tool.unlocks},
                        {"install", tool.install}, {"path", tool.path.string()},
                        {"version", tool.version}});
    }
    if (as_json) {
        print_json({{"tools", list}});
        return Exit::ok;
    }
    say(table.text());
    if (!installs.empty()) say("\nTo install what is missing:\n" + installs);
    say_next("thimble targets");
    return Exit::ok;
}

}  // namespace

extern const Command command_doctor;
const Command command_doctor = {
    .name = "doctor",
    .summary = "Show which external tools are installed and what each unlocks",
    .examples = {"thimble doctor", "thimble doctor --json"},
    .declare = [](OptionReader&) -> Run { return doctor; },
};

}  // namespace thimble
