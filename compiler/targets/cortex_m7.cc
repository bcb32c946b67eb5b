// Arm Cortex-M7 with the double-precision float unit of the STM32H7, on QEMU's MPS2 AN500.
#include "targets/target.h"

namespace thimble {

extern const Target target_cortex_m7;
const Target target_cortex_m7 = {
    .name = "cortex-m7",
    .description = "Arm Cortex-M7: DSP instructions, double-precision float unit",
    .facts = {
        .has_float_unit = true,
        .kernel_sets = {"armv6m", "armv7m", "dsp"},
    },
    .compiler = "arm-none-eabi-gcc",
    .tool_prefix = "arm-none-eabi-",
    .compiler_install = "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    .compile_flags = {"-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-d16"},
    .link_flags = {"--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles"},
    .emulator = Emulator::qemu,
    .emulator_program = "qemu-system-arm",
    .emulator_install = "qemu-system-arm",
    .emulator_flags = {"-M", "mps2-an500"},
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
