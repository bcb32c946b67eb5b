// One run = one fresh folder that holds input and output as files of fixed names; the emulator, and
// with it the firmware's semihosting, works in that folder. So no path needs to reach the firmware.
#include "verify/emulator.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "verify/helpers.h"

#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

// The names are part of the harness: device/harness/semihosting.c, xtensa.c and host.c open them.
constexpr const char* kInputFile = "thb_input.bin";
constexpr const char* kOutputFile = "thb_output.bin";
constexpr const char* kMarksFile = "thb_marks.txt";

// About an hour of simulated AVR time at 16 MHz, and some 10 minutes of ours: only a net under the
// wall-clock limit, which callers set much lower.
constexpr int64_t kAvrCyclesMax = 60'000'000'000;

// A runner that could not begin (bad ELF, unknown chip) ends with this status.
constexpr int kRunnerFailed = 125;

std::vector<std::string> avr_command(const ResolvedTarget& target, const fs::path& elf)
{
    const Target& family = *target.family;
    const fs::path runner = require_helper(
        family.emulator_program, fmt::format("emulating {}", target.name), family.emulator_install);
    return {runner.string(), target.mcu, std::to_string(target.clock_hz), elf.string(), kInputFile,
            kOutputFile, kMarksFile, std::to_string(kAvrCyclesMax)};
}

// A comma ends an option's value in QEMU's syntax; a doubled one stands for itself.
std::string double_commas(const std::string& text)
{
    std::string result;
    for (const char c : text) {
        result += c;
        if (c == ',') result += c;
    }
    return result;
}

std::vector<std::string> qemu_command(const ResolvedTarget& target, const fs::path& elf)
{
    const Target& family = *target.family;
    const std::string purpose = fmt::format("emulating {}", target.name);
    require_program(family.emulator_program, purpose, family.emulator_install);
    const fs::path plugin = require_helper(kCountPlugin, purpose, family.emulator_install);
    std::vector<std::string> command = {family.emulator_program};
    command.insert(command.end(), family.emulator_flags.begin(), family.emulator_flags.end());
    const int64_t mark = symbol_address(target, elf, "thb_host_mark");
    command.insert(command.end(), {"-display", "none", "-monitor", "none", "-serial", "none",
                                   "-semihosting-config", "enable=on,target=native", "-plugin",
                                   fmt::format("{},mark={:#x},out={}",
                                               double_commas(plugin.string()), mark, kMarksFile),
                                   "-kernel", elf.string()});
    return command;
}

std::vector<std::string> emulator_command(const ResolvedTarget& target, const fs::path& elf)
{
    switch (target.family->emulator) {
    case Emulator::simavr: return avr_command(target, elf);
    case Emulator::qemu: return qemu_command(target, elf);
    case Emulator::host: return {elf.string()};
    case Emulator::none: break;
    }
    fail(ErrorCode::T0003,
         {fmt::format("--target {}", target.name), "this target has no emulator",
          "a target that `thimble targets` lists with an emulator", "--target host"});
}

std::vector<uint64_t> read_marks(const fs::path& path)
{
    std::vector<uint64_t> marks;
    if (!fs::exists(path)) return marks;
    for (const std::string& line : split_lines(read_text_file(path)))
        marks.push_back(std::stoull(line));
    return marks;
}

// QEMU ends with 1 when an option, the plug-in or the image is bad, which a firmware may do as
// well; its complaint begins with its name.
bool failed_to_start(const ResolvedTarget& target, const ProcessResult& process)
{
    switch (target.family->emulator) {
    case Emulator::simavr: return process.exit_code == kRunnerFailed;
    case Emulator::qemu:
        return process.exit_code == 1 &&
               process.error_output.rfind(target.family->emulator_program + ":", 0) == 0;
    default: return false;
    }
}

const char* explain_exit(int exit_code)
{
    switch (exit_code) {
    case kExitNoInput: return "the firmware read past the end of its input";
    case kExitFault: return "the firmware crashed";
    case kExitStack: return "the stack ran into the variables";
    case kExitLimit: return "the limit on cycles was reached";
    default: return "";
    }
}

}  // namespace

RunResult run_firmware(const ResolvedTarget& target, const Firmware& firmware,
                       std::span<const uint8_t> input, double timeout_s)
{
    const TemporaryFolder folder;
    write_file(folder.path() / kInputFile, input);
    const std::vector<std::string> command = emulator_command(target, fs::absolute(firmware.elf));
    const ProcessResult process = run_process(command, timeout_s, folder.path());

    RunResult result;
    result.exit_code = process.timed_out ? kExitTimeout : process.exit_code;
    result.message = process.error_output;
    if (fs::exists(folder.path() / kOutputFile))
        result.output = read_file(folder.path() / kOutputFile);
    result.marks = read_marks(folder.path() / kMarksFile);
    if (process.timed_out) {
        result.message += fmt::format("no end after {} s", timeout_s);
    } else if (process.exit_code >= 128) {
        // On the host this is the program's own fault; QEMU aborts when the processor locks up.
        result.exit_code = kExitFault;
        result.message += fmt::format("{} was ended by signal {}",
                                      target.family->emulator == Emulator::host ? "the program"
                                                                                : command[0],
                                      process.exit_code - 128);
    } else if (result.message.empty()) {
        result.message = explain_exit(result.exit_code);
    }
    require(!failed_to_start(target, process), ErrorCode::T0402,
            {command[0], process.error_output, "an emulator that starts the firmware",
             "report this with the model"});
    return result;
}

}  // namespace thimble
