// Compiles a piece of C for a machine and runs it there: what most tests in this folder do.
#pragma once

#include "base/file.h"
#include "base/process.h"
#include "verify/emulator.h"
#include "verify/helpers.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace thimble {

inline RunResult run_c(const std::string& target_name, const std::string& source,
                       const std::vector<uint8_t>& input = {}, double timeout_s = 20)
{
    const TemporaryFolder folder;
    const ResolvedTarget target = find_target(target_name);
    write_file(folder.path() / "program.c", source);
    const Firmware firmware = build_firmware({.target = &target,
                                              .sources = {folder.path() / "program.c"},
                                              .output_dir = folder.path()});
    return run_firmware(target, firmware, input, timeout_s);
}

// The first program or helper that a machine needs and that is not here; empty: none.
inline std::string missing_program(const std::string& target_name)
{
    const Target& family = *find_target(target_name).family;
    if (!find_program(family.compiler)) return family.compiler;
    if (family.emulator == Emulator::simavr && !find_helper(family.emulator_program)) {
        return family.emulator_program;
    }
    if (family.emulator == Emulator::qemu && !find_program(family.emulator_program)) {
        return family.emulator_program;
    }
    return "";
}

// "cortex-m4" as the name of a parametrised test.
inline std::string machine_test_name(const testing::TestParamInfo<const char*>& info)
{
    std::string name = info.param;
    for (char& c : name) c = c == '-' ? '_' : c;
    return name;
}

}  // namespace thimble
