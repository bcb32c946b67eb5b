// Arm Cortex-M3, on QEMU's MPS2 AN385.
#include "targets/target.h"

namespace thimble {

extern const Target target_cortex_m3;
const Target target_cortex_m3 = {
    .name = "cortex-m3",
    .description = "Arm Cortex-M3: 32 bit, divide, no float unit",
    .facts = {
        .kernel_sets = {"armv6m", "armv7m"},
    },
    .compiler = "arm-none-eabi-gcc",
    .tool_prefix = "arm-none-eabi-",
    .compiler_install = "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    .compile_flags = {"-mcpu=cortex-m3", "-mthumb", "-mfloat-abi=soft"},
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
    .not_emulated = "pipeline, flash wait states and caches: instructions are counted, not cycles",
};

}  // namespace thimble
