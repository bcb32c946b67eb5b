// Firmware: generated C plus the harness of a target, compiled and linked to an image that runs on
// the target's emulator (emulator.h).
#pragma once

#include "targets/target.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

struct FirmwareRequest {
    const ResolvedTarget* target = nullptr;
    std::vector<std::filesystem::path> sources = {};       // .c or .S; one of them defines main()
    std::vector<std::filesystem::path> include_dirs = {};  // "thb_host.h" needs none
    std::vector<std::string> defines = {};                 // "NAME" or "NAME=VALUE"
    std::string optimize = "-O2";
    std::filesystem::path output_dir = {};  // is made; receives harness, objects, image
    std::string name = "firmware";     // stem of the image: several may share one folder
    bool float_exact = true;           // -ffp-contract=off: no fused multiply-add
};

struct Firmware {
    std::filesystem::path elf = {};
    // Bytes of the loaded sections. On AVR constants that stay in flash are part of `text`.
    int64_t text = 0;
    int64_t rodata = 0;
    int64_t data = 0;
    int64_t bss = 0;

    int64_t flash() const { return text + rodata + data; }
    int64_t ram() const { return data + bss; }
};

struct SymbolSize {
    std::string name = {};
    char kind = '?';      // as nm prints it: t/T text, r/R constants, d/D data, b/B bss
    int64_t address = 0;
    int64_t bytes = 0;
};

// Compiles every source as C99 with -Wall -Wextra -Wconversion -Werror and links it with the
// target's start-up code. Throws T0003 (nothing can be compiled for this target), T0301 (does not
// fit the emulated machine), T0401 (a compiler is missing), T0402 (a compiler refused the code).
Firmware build_firmware(const FirmwareRequest& request);

// Sizes of all symbols that have one, by address. Static functions and tables are included.
std::vector<SymbolSize> symbol_sizes(const ResolvedTarget& target,
                                     const std::filesystem::path& elf);

// Address of a symbol; a bug report when the image has none of that name.
int64_t symbol_address(const ResolvedTarget& target, const std::filesystem::path& elf,
                       const std::string& name);

}  // namespace thimble
