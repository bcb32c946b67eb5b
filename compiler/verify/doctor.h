// What `thimble doctor` shows: every external program, library and helper, whether it is here, what
// it unlocks and how to install it. The list follows from targets.def: a new family needs no line
// here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

struct ToolStatus {
    std::string name;            // program, "C library of PROGRAM", or one of our helpers
    std::string unlocks;         // "compiling for cortex-m3, cortex-m4"
    std::string install;         // "apt-get install gcc-avr avr-libc"
    bool found = false;
    std::filesystem::path path;  // empty when missing, or when the compiler does not say
    std::string version;         // first line that the program prints about itself; may be empty
};

// In the order: compiler, C library, emulator, helper of each family; each tool once.
std::vector<ToolStatus> examine_tools();

}  // namespace thimble
