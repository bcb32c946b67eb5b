// Runs firmware on the target's emulated chip, or on this computer for the target host.
#pragma once

#include "verify/firmware.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace thimble {

// Exit codes of a run that did not end by itself. 120 to 123 come from the harness and the AVR
// runner (device/harness/thb_host.h); `message` explains them.
inline constexpr int kExitNoInput = 120;
inline constexpr int kExitFault = 121;
inline constexpr int kExitStack = 122;
inline constexpr int kExitLimit = 123;
inline constexpr int kExitTimeout = 124;

struct RunResult {
    int exit_code = -1;           // the firmware's own (0 to 119), or one of the above
    std::vector<uint8_t> output;  // everything thb_host_write wrote, also before a fault
    std::vector<uint64_t> marks;  // counter at each thb_host_mark, in the target's unit; host: 0
    std::string message;          // what the emulator or the harness said; empty after a clean run
};

// The program gets `input` through thb_host_read. After `timeout_s` of wall-clock time it is ended.
// Throws T0003 (the target has no emulator), T0401 (the emulator is missing), T0402 (the emulator
// itself failed to start the firmware).
RunResult run_firmware(const ResolvedTarget& target, const Firmware& firmware,
                       std::span<const uint8_t> input, double timeout_s = 60);

}  // namespace thimble
