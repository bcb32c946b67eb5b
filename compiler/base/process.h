// Runs an external program (compiler, emulator) without a shell.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

struct ProcessResult {
    int exit_code = -1;       // of the program; 128 + signal number when a signal ended it
    bool timed_out = false;   // killed after `timeout_s`
    std::string output;       // standard output
    std::string error_output; // standard error
};

// `arguments[0]` is the program: a path, or a name looked up in PATH. Standard input is empty.
// It runs in `working_folder`, or in ours when that is empty; a relative program path is taken from
// our own folder. Throws T0401 when the program cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments, double timeout_s = 600,
                          const std::filesystem::path& working_folder = {});

// Full path of `program` in PATH, or nothing.
std::optional<std::filesystem::path> find_program(std::string_view program);

}  // namespace thimble
