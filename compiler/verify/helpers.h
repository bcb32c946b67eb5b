// Finding what verification needs besides the tool itself: external programs, and our own helpers
// (the AVR runner, QEMU's counting plug-in), which are separate files because of their licences.
#pragma once

#include "targets/target.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace thimble {

// A helper of that file name: in the folder THIMBLE_LIB names, beside the running program, or in
// ../lib/thimble from there, in this order.
std::optional<std::filesystem::path> find_helper(std::string_view name);

// Throws T0401 when `program` is not in PATH. `purpose` names what it is for, `packages` are the
// Debian packages that hold it.
void require_program(const std::string& program, const std::string& purpose,
                     const std::string& packages);

// find_helper, or T0401 that says how the helper is built.
std::filesystem::path require_helper(std::string_view name, const std::string& purpose,
                                     const std::string& packages);

// The counting plug-in's file name.
inline constexpr std::string_view kCountPlugin = "thimble_qemu_count.so";

// The program that trains, and what it is built from.
inline constexpr std::string_view kTrainer = "thimble-train";
inline constexpr const char* kTrainerPackages = "libtorch-dev libopenblas0-pthread";

// Whether the target's compiler is installed; whether that, its emulator and our helpers are, and
// the emulator counts.
bool can_compile(const ResolvedTarget& target);
bool can_measure(const ResolvedTarget& target);

}  // namespace thimble
