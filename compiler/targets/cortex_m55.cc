// Arm Cortex-M55 with Helium, on QEMU's MPS3 AN547. It starts in the secure state and stays there.
#include "targets/target.h"

namespace thimble {

extern const Target target_cortex_m55;
const Target target_cortex_m55 = {
    .name = "cortex-m55",
    .description = "Arm Cortex-M55: Helium (MVE), float unit",
    .facts = {
        .has_float_unit = true,
        .kernel_sets = {"armv6m", "armv7m", "dsp", "mve"},
    },
    .compiler = "arm-none-eabi-gcc",
    .tool_prefix = "arm-none-eabi-",
    .compiler_install = "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    .compile_flags = {"-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard"},
    .link_flags = {"--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles"},
    .emulator = Emulator::qemu,
    .emulator_program = "qemu-system-arm",
    .emulator_install = "qemu-system-arm",
    .emulator_flags = {"-M", "mps3-an547"},
    .harness_sources = {"harness/semihosting.c", "harness/stack.c", "harness/arm_fault.c",
                        "harness/arm.S"},
    .linker_script = "harness/mps3_an547.ld",
    .machine_flash_bytes = 16 << 20,
    .machine_ram_bytes = 16 << 20,
    .unit = "instructions",
    .alignment = 4,
    .not_emulated = "pipeline, flash wait states and caches: instructions are counted, not cycles",
};

}  // namespace thimble
