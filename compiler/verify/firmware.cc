#include "verify/firmware.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "emit/device_files.h"
#include "verify/helpers.h"
#include "verify/thumb_check.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

// Enough for the compiler's first complaint with its source line and caret.
constexpr size_t kErrorLinesMax = 8;
// A 5 MB table takes a compiler some seconds; this only ends what would never end.
constexpr double kCompilerTimeoutS = 300;

std::string first_lines(const std::string& text)
{
    std::string result;
    size_t count = 0;
    for (const std::string& line : split_lines(text)) {
        if (count++ == kErrorLinesMax) break;
        result += "\n    " + line;
    }
    return result;
}

ProcessResult run_tool(const ResolvedTarget& target, const std::vector<std::string>& arguments)
{
    require_program(arguments[0], fmt::format("compiling for {}", target.family->name),
                    target.family->compiler_install);
    return run_process(arguments, kCompilerTimeoutS);
}

void run_compiler(const ResolvedTarget& target, const std::vector<std::string>& arguments,
                  const std::string& place)
{
    const ProcessResult result = run_tool(target, arguments);
    if (result.exit_code == 0) return;
    const std::string& errors = result.error_output;
    if (errors.find("will not fit in region") != std::string::npos ||
        errors.find("is not within region") != std::string::npos ||
        errors.find("overflowed by") != std::string::npos) {
        fail(ErrorCode::T0301,
             {place, "the image is larger than the machine's memory:" + first_lines(errors),
              fmt::format("an image within the memory that {} has", target.name),
              "thimble boards MODEL"});
    }
    fail(ErrorCode::T0402,
         {place,
          fmt::format("{} {}:{}", arguments[0],
                      result.timed_out ? "did not end"
                                       : fmt::format("returned {}", result.exit_code),
                      first_lines(errors)),
          "C99 that compiles without a warning", "report this with the model"});
}

std::vector<std::string> common_flags(const FirmwareRequest& request, const fs::path& harness_dir)
{
    std::vector<std::string> flags = {request.target->family->compiler};
    for (const std::string& flag : request.target->compile_flags()) flags.push_back(flag);
    flags.insert(flags.end(), {request.optimize, "-std=c99", "-ffunction-sections",
                               "-fdata-sections", "-Wall", "-Wextra", "-Wconversion", "-Werror"});
    if (request.float_exact) flags.push_back("-ffp-contract=off");
    for (const fs::path& dir : request.include_dirs) flags.push_back("-I" + dir.string());
    flags.push_back("-I" + harness_dir.string());
    for (const std::string& define : request.defines) flags.push_back("-D" + define);
    return flags;
}

// Writes the harness files (sources, header, linker scripts) beside the objects; returns the
// sources.
std::vector<fs::path> write_harness(const Target& family, const fs::path& harness_dir)
{
    fs::create_directories(harness_dir);
    std::vector<std::string> names = family.harness_sources;
    names.insert(names.end(), {"harness/thb_host.h", "harness/report_fault.h"});
    if (!family.linker_script.empty()) {
        names.push_back(family.linker_script);
        names.push_back("harness/sections.ld");
    }
    std::vector<fs::path> sources;
    for (const std::string& name : names) {
        const fs::path path = harness_dir / fs::path(name).filename();
        write_file(path, device_file(name));
        if (path.extension() == ".c" || path.extension() == ".S") sources.push_back(path);
    }
    return sources;
}

// Adds one line of `size -A` ("name size address") to the section class it belongs to.
void add_section(const std::string& name, int64_t bytes, Firmware& firmware)
{
    const auto starts = [&](std::string_view prefix) { return name.rfind(prefix, 0) == 0; };
    if (starts(".text") || starts(".init") || starts(".fini") || starts(".plt") ||
        starts(".vectors")) {
        firmware.text += bytes;
    } else if (starts(".rodata") || starts(".ARM.") || starts(".eh_frame") || starts(".srodata")) {
        firmware.rodata += bytes;
    } else if (starts(".data") || starts(".sdata") || starts(".got") || starts(".tdata")) {
        firmware.data += bytes;
    } else if (starts(".bss") || starts(".sbss") || starts(".noinit") || starts(".tbss")) {
        firmware.bss += bytes;
    }
}

void read_section_sizes(const ResolvedTarget& target, Firmware& firmware)
{
    const std::string program = target.family->tool_prefix + "size";
    const ProcessResult result = run_tool(target, {program, "-A", "-d", firmware.elf.string()});
    THIMBLE_CHECK(result.exit_code == 0, result.error_output);
    for (const std::string& line : split_lines(result.output)) {
        const std::vector<std::string> words = split_words(line);
        if (words.size() == 3 && words[0][0] == '.') {
            add_section(words[0], std::stoll(words[1]), firmware);
        }
    }
}

}  // namespace

Firmware build_firmware(const FirmwareRequest& request)
{
    const ResolvedTarget& target = *request.target;
    const Target& family = *target.family;
    require(!family.compiler.empty(), ErrorCode::T0003,
            {fmt::format("--target {}", target.name), "thimble has no compiler for this target",
             "a target that `thimble targets` lists with a compiler", "--target host"});
    const fs::path harness_dir = request.output_dir / "harness";
    std::vector<fs::path> sources = write_harness(family, harness_dir);
    sources.insert(sources.end(), request.sources.begin(), request.sources.end());

    const std::vector<std::string> flags = common_flags(request, harness_dir);
    std::vector<std::string> link = {family.compiler};
    for (const std::string& flag : target.compile_flags()) link.push_back(flag);
    link.push_back(request.optimize);
    for (size_t i = 0; i < sources.size(); ++i) {
        const fs::path object = request.output_dir / fmt::format("{}_{}_{}.o", request.name, i,
                                                                 sources[i].stem().string());
        std::vector<std::string> arguments = flags;
        arguments.insert(arguments.end(), {"-c", sources[i].string(), "-o", object.string()});
        run_compiler(target, arguments, sources[i].string());
        link.push_back(object.string());
    }
    Firmware firmware;
    firmware.elf = request.output_dir / (request.name + ".elf");
    for (const std::string& flag : target.link_flags()) link.push_back(flag);
    if (!family.linker_script.empty()) {
        link.insert(link.end(),
                    {"-L" + harness_dir.string(), "-T",
                     (harness_dir / fs::path(family.linker_script).filename()).string()});
    }
    // The emulator looks the mark's address up, also in a program that never calls it.
    link.insert(link.end(), {"-Wl,--gc-sections", "-Wl,--undefined=thb_host_mark", "-o",
                             firmware.elf.string(), "-lm"});
    run_compiler(target, link, firmware.elf.string());
    if (family.v6m_only) require_v6m_only(target, firmware.elf);
    read_section_sizes(target, firmware);
    return firmware;
}

std::vector<SymbolSize> symbol_sizes(const ResolvedTarget& target, const fs::path& elf)
{
    const std::string program = target.family->tool_prefix + "nm";
    const ProcessResult result = run_tool(target, {program, "-n", "-S", elf.string()});
    THIMBLE_CHECK(result.exit_code == 0, result.error_output);
    std::vector<SymbolSize> symbols;
    for (const std::string& line : split_lines(result.output)) {
        const std::vector<std::string> words = split_words(line);
        // A symbol without size has three columns, an undefined one two.
        if (words.size() != 4) continue;
        symbols.push_back({.name = words[3],
                           .kind = words[2][0],
                           .address = std::stoll(words[0], nullptr, 16),
                           .bytes = std::stoll(words[1], nullptr, 16)});
    }
    return symbols;
}

int64_t symbol_address(const ResolvedTarget& target, const fs::path& elf, const std::string& name)
{
    const std::string program = target.family->tool_prefix + "nm";
    const ProcessResult result = run_tool(target, {program, elf.string()});
    for (const std::string& line : split_lines(result.output)) {
        const std::vector<std::string> words = split_words(line);
        if (words.size() == 3 && words[2] == name) return std::stoll(words[0], nullptr, 16);
    }
    THIMBLE_CHECK(false, "no symbol " + name + " in " + elf.string());
    return 0;
}

}  // namespace thimble
