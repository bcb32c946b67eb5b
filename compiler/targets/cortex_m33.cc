// Arm Cortex-M33, on QEMU's MPS2 AN505. It starts in the secure state and stays there.
#include "targets/target.h"

namespace thimble {

extern const Target target_cortex_m33;
const Target target_cortex_m33 = {
    .name = "cortex-m33",
    .description = "Arm Cortex-M33: DSP instructions, single-precision float unit",
    .facts = {
        .has_float_unit = true,
        .kernel_sets = {"armv6m", "armv7m", "dsp"},
    },
    .compiler = "arm-none-eabi-gcc",
    .tool_prefix = "arm-none-eabi-",
    .compiler_install = "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    .compile_flags = {"-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"},
    .link_flags = {"--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles"},
    .emulator = Emulator::qemu,
    .emulator_program = "qemu-system-arm",
    .emulator_install = "qemu-system-arm",
    .emulator_flags = {"-M", "mps2-an505"},
    .harness_sources = {"harness/semihosting.c", "harness/stack.c", "harness/arm_fault.c",
                        "harness/arm.S"},
    .linker_script = "harness/mps2_an505.ld",
    .machine_flash_bytes = 4 << 20,
    .machine_ram_bytes = 4 << 20,
    .unit = "instructions",
    .alignment = 4,
    .not_emulated = "pipeline, flash wait states and caches: instructions are counted, not cycles",
};

}  // namespace thimble
