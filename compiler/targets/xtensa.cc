// Xtensa, on QEMU's sim machine with the lx106 core of the ESP8266.
//
// Debian packages no compiler for the ESP32's LX6 and LX7. The lx106 shares their base instruction
// set; it has neither register windows nor a float unit, so those two are not covered for ESP32s.
#include "targets/target.h"

namespace thimble {

extern const Target target_xtensa;
const Target target_xtensa = {
    .name = "xtensa",
    .description = "Xtensa LX base instruction set: ESP8266 (ESP32 family in part)",
    // The lx106 multiplies 32 x 32 -> 32 only.
    .facts = {.has_wide_multiply = false},
    .compiler = "xtensa-lx106-elf-gcc",
    .tool_prefix = "xtensa-lx106-elf-",
    .compiler_install = "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf",
    // The compiler does not look for picolibc's specs where Debian puts them.
    .compile_flags = {"-mlongcalls", "--specs=/usr/lib/xtensa-lx106-elf/picolibc.specs"},
    .link_flags = {"-nostartfiles"},
    .emulator = Emulator::qemu,
    .emulator_program = "qemu-system-xtensa",
    .emulator_install = "qemu-system-misc",
    .emulator_flags = {"-M", "sim", "-cpu", "lx106", "-m", "64M", "-semihosting"},
    .harness_sources = {"harness/xtensa.c", "harness/stack.c", "harness/xtensa_start.S",
                        "harness/xtensa_integer.c", "harness/xtensa_float.c"},
    .linker_script = "harness/xtensa_sim.ld",
    .machine_flash_bytes = 16 << 20,
    .machine_ram_bytes = 16 << 20,
    .unit = "instructions",
    .alignment = 4,
    .not_emulated = "the ESP32's register windows and float unit, 32-bit-only flash reads, caches: "
                    "instructions are counted, not cycles",
};

}  // namespace thimble
