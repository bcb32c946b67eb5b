// Cortex-M0+ images are emulated on a Cortex-M3, which would execute what an M0+ traps on. This
// reads the disassembly instead and finds every instruction outside Armv6-M.
#pragma once

#include "targets/target.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

// Lines of `objdump -d` output that hold an instruction Armv6-M lacks: any 32-bit encoding but BL,
// MSR, MRS, DSB, DMB, ISB, UDF.W, and of the 16-bit ones CBZ, CBNZ and IT. Source: Armv6-M
// Architecture Reference Manual, A5.1 to A5.3.
std::vector<std::string> instructions_beyond_v6m(std::string_view disassembly);

// Throws T0402 with the first such lines of the image.
void require_v6m_only(const ResolvedTarget& target, const std::filesystem::path& elf);

}  // namespace thimble
