// Arm Cortex-M4 with its float unit, on QEMU's MPS2 AN386.
#include "targets/target.h"

namespace thimble {

extern const Target target_cortex_m4;
const Target target_cortex_m4 = {
    .name = "cortex-m4",
    .description = "Arm Cortex-M4F: DSP instructions, single-precision float unit",
    .facts = {
        .has_float_unit = true,
        .kernel_sets = {"armv6m", "armv7m", "dsp"},
    },
    .compiler = "arm-none-eabi-gcc",
    .tool_prefix = "arm-none-eabi-",
    .compiler_install = "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    .compile_flags = {"-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"},
    .link_flags = {"--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles"},
    .emulator = Emulator::qemu,
    .emulator_program = "qemu-system-arm",
    .emulator_install = "qemu-system-arm",
    .emulator_flags = {"-M", "mps2-an386"},
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
