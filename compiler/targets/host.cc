// This computer: the generated C as an ordinary program. Nothing is counted.
#include "targets/target.h"

namespace thimble {

extern const Target target_host;
const Target target_host = {
    .name = "host",
    .description = "this computer",
    .facts = {.pointer_bytes = static_cast<int>(sizeof(void*)), .has_float_unit = true},
    .compiler = "gcc",
    .tool_prefix = "",
    .compiler_install = "gcc libc6-dev binutils",
    .compile_flags = {},
    .link_flags = {},
    .emulator = Emulator::host,
    .emulator_program = "",
    .emulator_install = "",
    .emulator_flags = {},
    .harness_sources = {"harness/host.c"},
    .linker_script = "",
    .unit = "",
    .alignment = 8,
    .not_emulated = "",
};

}  // namespace thimble
