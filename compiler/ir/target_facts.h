// What an operator's lowering may know of a target: plain numbers, never a name.
//
// targets/<family>.cc fills this; ops/ reads it to choose among kernel variants (see ops/op.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

struct TargetFacts {
    int int_bits = 32;            // width of C's int
    int pointer_bytes = 4;
    bool separate_flash = false;  // constants live in their own address space (AVR)
    bool has_float_unit = false;
    bool has_wide_multiply = true;  // 32 x 32 -> 64 in one or two instructions
    // Flash that ordinary constant reads reach, in bytes, code included; 0: all of it. On AVR LPM
    // takes a 16-bit address, so tables and the code before them must end below 64 KB.
    int64_t near_flash_bytes = 0;
    // Folders under device/arch/ whose kernels this target can run, for example {"armv6m", "dsp"}.
    std::vector<std::string> kernel_sets = {};

    bool has(std::string_view kernel_set) const
    {
        return std::find(kernel_sets.begin(), kernel_sets.end(), kernel_set) != kernel_sets.end();
    }
};

}  // namespace thimble
