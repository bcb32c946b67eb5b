// Arm Cortex-M0+, the core of the RP2040 and the SAMD21.
//
// QEMU has no M0+ board with room for a model, so its code runs on the Cortex-M3 of MPS2 AN385:
// v6-M is a subset of v7-M, so results and counts are the same. An instruction that v6-M lacks
// would not trap there; verify/thumb_check.h finds such instructions in the linked image instead.
#include "targets/target.h"

namespace thimble {

extern const Target target_cortex_m0plus;
const Target target_cortex_m0plus = {
    .name = "cortex-m0plus",
    .description = "Arm Cortex-M0 and M0+: 32 bit, no divide, no float unit",
    .facts = {
        .has_wide_multiply = false,
        .kernel_sets = {"armv6m"},
    },
    .compiler = "arm-none-eabi-gcc",
    .tool_prefix = "arm-none-eabi-",
    .compiler_install = "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    .compile_flags = {"-mcpu=cortex-m0plus", "-mthumb", "-mfloat-abi=soft"},
    .link_flags = {"--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles"},
    .emulator = Emulator::qemu,
    .emulator_program = "qemu-system-arm",
    .emulator_install = "qemu-system-arm",
    .emulator_flags = {"-M", "mps2-an385"},
    .harness_sources = {"harness/semihosting.c", "harness/stack.c", "harness/arm_fault.c",
                        "harness/arm.S"},
    .linker_script = "harness/mps2.ld",
    .machine_flash_bytes = 4 << 20,
    .machine_ram_bytes = 4 << 20,
    .unit = "instructions",
    .alignment = 4,
    .v6m_only = true,
    .not_emulated = "pipeline, flash wait states and caches: instructions are counted, not cycles",
};

}  // namespace thimble
