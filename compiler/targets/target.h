// Targets: processor families, the boards that carry them, and how each is compiled for and
// emulated.
//
// A family is one file, <family>.cc, that holds one `const Target`; targets.def lists them all.
// A board is one row of boards.cc. A target name on the command line is either of the two.
#pragma once

#include "ir/target_facts.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

enum class Emulator {
    none,    // can be compiled for, not run
    simavr,  // our runner over libsimavr: true to the cycle
    qemu,    // QEMU with our counting plug-in: true to the instruction
    host,    // this computer runs the program itself; nothing is counted
};

struct Target {
    const char* name;
    const char* description;
    TargetFacts facts = {};

    std::string compiler = {};          // C compiler; empty: none is needed
    std::string tool_prefix = {};       // "avr-": what precedes nm, size and objdump
    std::string compiler_install = {};  // Debian packages that hold compiler, tools and C library
    std::vector<std::string> compile_flags = {};
    std::vector<std::string> link_flags = {};

    Emulator emulator = Emulator::none;
    std::string emulator_program = {};  // "qemu-system-arm"; simavr: our helper; host: empty
    std::string emulator_install = {};  // Debian packages
    std::vector<std::string> emulator_flags = {};   // machine and processor
    std::vector<std::string> harness_sources = {};  // under device/: start-up code and thb_host_*
    std::string linker_script = {};                 // under device/; empty: the compiler's own
    int64_t machine_flash_bytes = 0;  // what the linker script allows; 0: the board's or no limit
    int64_t machine_ram_bytes = 0;

    const char* unit = "";    // "cycles" | "instructions"; empty: nothing is counted
    int alignment = 4;        // bytes to which tensors are placed in memory
    bool v6m_only = false;    // refuse images with instructions that Armv6-M lacks (thumb_check.h)
    std::string not_emulated = {};  // what the emulation leaves out, for people; may be empty
};

// Sizes in bytes. A reserved amount is what the board's usual core and bootloader take before the
// first line of a sketch; each is justified in boards.cc.
struct Board {
    const char* name;
    const char* description;
    const char* family;
    const char* mcu;               // chip; on AVR the -mmcu name
    int64_t flash_bytes;
    int64_t ram_bytes;
    int64_t flash_reserved_bytes;
    int64_t ram_reserved_bytes;
    int64_t clock_hz;
    double nj_per_cycle;           // energy of the running core, nanojoule; 0: unknown
    const char* notes;             // for people; begins "not emulated: " where that applies
    bool constants_in_ram = false; // the usual core copies constants to RAM: weights count there
};

struct ResolvedTarget {
    std::string name = {};             // as the user wrote it: family or board
    const Target* family = nullptr;
    const Board* board = nullptr; // null when a family was named
    TargetFacts facts = {};            // the family's, adjusted to the board
    std::string mcu = {};              // AVR: simavr and -mmcu name
    int64_t clock_hz = 0;         // 0: unknown, a family without a board

    // Flags that name the processor, warnings and optimisation excluded.
    std::vector<std::string> compile_flags() const;
    std::vector<std::string> link_flags() const;
};

const std::vector<const Target*>& all_targets();
const std::vector<Board>& all_boards();

// Family or board of that name. Throws T0002 with the nearest known name.
ResolvedTarget find_target(std::string_view name);

}  // namespace thimble
