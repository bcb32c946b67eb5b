// 8-bit AVR: ATmega328P, 32u4 and 2560, on libsimavr, which is true to the cycle.
//
// `int` has 16 bits, constants live in flash behind their own instructions, nothing is aligned.
// -fno-ipa-icf-variables keeps avr-gcc from merging equal tables of different address spaces.
#include "targets/target.h"

namespace thimble {

extern const Target target_avr;
const Target target_avr = {
    .name = "avr",
    .description = "8-bit AVR: Arduino Uno, Leonardo, Mega",
    .facts = {
        .int_bits = 16,
        .pointer_bytes = 2,
        .separate_flash = true,
        .has_wide_multiply = false,
        .near_flash_bytes = 64 * 1024,
        .kernel_sets = {"avr"},
    },
    .compiler = "avr-gcc",
    .tool_prefix = "avr-",
    .compiler_install = "gcc-avr avr-libc",
    .compile_flags = {"-fno-ipa-icf-variables"},
    .link_flags = {},
    .emulator = Emulator::simavr,
    .emulator_program = "thimble-run-avr",
    .emulator_install = "libsimavr-dev",
    .emulator_flags = {},
    .harness_sources = {"harness/avr.c", "harness/stack.c", "harness/avr_stack.S"},
    .linker_script = "",
    .unit = "cycles",
    .alignment = 1,
    .not_emulated = "",
};

}  // namespace thimble
