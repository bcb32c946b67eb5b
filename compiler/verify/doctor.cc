#include "verify/doctor.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "targets/target.h"
#include "verify/helpers.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

// A program that does not answer within this time is broken, and must not hang the doctor.
constexpr double kAnswerTimeoutS = 10;

std::string first_line(const std::string& text)
{
    const std::vector<std::string> lines = split_lines(text);
    return lines.empty() ? std::string() : lines[0];
}

// The tool's entry, or the one that another family made; `purpose` is added to what it unlocks.
// True: it is new, and the caller finds out about it.
bool add_tool(std::vector<ToolStatus>& tools, const std::string& name, const std::string& verb,
              const std::string& family, const std::string& packages)
{
    const auto known = std::find_if(tools.begin(), tools.end(),
                                    [&](const ToolStatus& tool) { return tool.name == name; });
    if (known != tools.end()) {
        known->unlocks += ", " + family;
        return false;
    }
    tools.push_back({.name = name,
                     .unlocks = verb + " " + family,
                     .install = "apt-get install " + packages,
                     .found = false,
                     .path = {},
                     .version = {}});
    return true;
}

void add_program(std::vector<ToolStatus>& tools, const std::string& program,
                 const std::string& verb, const Target& family, const std::string& packages)
{
    if (!add_tool(tools, program, verb, family.name, packages)) return;
    const auto path = find_program(program);
    if (!path) return;
    tools.back().found = true;
    tools.back().path = *path;
    tools.back().version = first_line(run_process({program, "--version"}, kAnswerTimeoutS).output);
}

// A compiler without its C library is a common half-installation: an empty program is linked with
// it. Where the library lies says who tells; picolibc's specs do not.
void add_library(std::vector<ToolStatus>& tools, const Target& family)
{
    const std::string name = "C library of " + family.compiler;
    if (!add_tool(tools, name, "compiling for", family.name, family.compiler_install)) return;
    if (!find_program(family.compiler)) return;
    std::vector<std::string> command = {family.compiler};
    command.insert(command.end(), family.compile_flags.begin(), family.compile_flags.end());
    std::vector<std::string> link = command;
    const TemporaryFolder folder;
    const std::string program = (folder.path() / "empty").string();
    link.insert(link.end(), {"-nostartfiles", "-x", "c", "/dev/null", "-lm", "-lc", "-o", program});
    tools.back().found = run_process(link, kAnswerTimeoutS).exit_code == 0;
    command.push_back(family.emulator == Emulator::host ? "-print-file-name=libm.so"
                                                        : "-print-file-name=libm.a");
    const fs::path path = first_line(run_process(command, kAnswerTimeoutS).output);
    if (tools.back().found && path.is_absolute()) tools.back().path = path.lexically_normal();
}

void look_for_helper(ToolStatus& tool)
{
    const auto path = find_helper(tool.name);
    if (!path) return;
    tool.found = true;
    tool.path = path->lexically_normal();
}

void add_helper(std::vector<ToolStatus>& tools, std::string_view helper, const Target& family)
{
    // A helper is built with thimble; what can be missing then is what it is built from.
    const std::string packages =
        fmt::format("{}, then build thimble again", family.emulator_install);
    if (add_tool(tools, std::string(helper), "emulating", family.name, packages))
        look_for_helper(tools.back());
}

}  // namespace

std::vector<ToolStatus> examine_tools()
{
    std::vector<ToolStatus> tools;
    for (const Target* family : all_targets()) {
        if (family->compiler.empty()) continue;
        add_program(tools, family->compiler, "compiling for", *family, family->compiler_install);
        add_library(tools, *family);
        if (family->emulator == Emulator::simavr) {
            add_helper(tools, family->emulator_program, *family);
        } else if (family->emulator == Emulator::qemu) {
            add_program(tools, family->emulator_program, "emulating", *family,
                        family->emulator_install);
            add_helper(tools, kCountPlugin, *family);
        }
    }
    tools.push_back({.name = std::string(kTrainer),
                     .unlocks = "training",
                     .install = fmt::format("apt-get install {}, then build thimble again",
                                            kTrainerPackages)});
    look_for_helper(tools.back());
    return tools;
}

}  // namespace thimble
