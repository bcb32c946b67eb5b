// 32-bit RISC-V with multiply and compressed instructions, the core of the ESP32-C3, on QEMU's virt
// machine. The counter is ours; `minstret` gives the same number under -icount (docs/emulators.md).
#include "targets/target.h"

namespace thimble {

extern const Target target_rv32imc;
const Target target_rv32imc = {
    .name = "rv32imc",
    .description = "RISC-V RV32IMC: ESP32-C3 and alike, no float unit",
    .facts = {.kernel_sets = {"rv32"}},
    .compiler = "riscv64-unknown-elf-gcc",
    .tool_prefix = "riscv64-unknown-elf-",
    .compiler_install = "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    // -misa-spec=2.2 counts the CSR instructions of the start-up code as part of the base set.
    .compile_flags = {"-march=rv32imc", "-mabi=ilp32", "-misa-spec=2.2", "--specs=picolibc.specs"},
    .link_flags = {"-nostartfiles"},
    .emulator = Emulator::qemu,
    .emulator_program = "qemu-system-riscv32",
    .emulator_install = "qemu-system-misc",
    .emulator_flags = {"-M", "virt", "-cpu", "rv32", "-bios", "none"},
    .harness_sources = {"harness/semihosting.c", "harness/stack.c", "harness/riscv_fault.c",
                        "harness/riscv.S"},
    .linker_script = "harness/riscv_virt.ld",
    .machine_flash_bytes = 32 << 20,
    .machine_ram_bytes = 32 << 20,
    .unit = "instructions",
    .alignment = 4,
    .not_emulated =
        "pipeline, flash cache and misalignment traps: instructions are counted, not cycles",
};

}  // namespace thimble
