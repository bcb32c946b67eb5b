// The files that `build` writes: the C, an example program, a Makefile, a self-test.
#pragma once

#include "emit/c_source.h"
#include "targets/target.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

struct GeneratedFile {
    std::string name;  // relative to the output folder
    std::string text;  // its first line holds kGeneratedMark
};

// One run from freshly reset state, as the oracle saw it. Of a streamed pipeline one recording: its
// samples, and of all decisions in turn the whole numbers (samples, labels, scores or values) and
// the float ones.
struct RecordedCase {
    std::vector<std::vector<uint8_t>> inputs;   // per graph input, the tensor's bytes
    std::vector<std::vector<uint8_t>> outputs;  // per graph output
};

// Package `c`: NAME.h, NAME.c, example_main.c, Makefile, and NAME_self_test.c when there are cases.
std::vector<GeneratedFile> c_package(const Program& program, const ResolvedTarget& target,
                                     EmitOptions options, const std::vector<RecordedCase>& cases);

// NAME_self_test.c: replays the cases on the device. Integer outputs are compared by CRC-32, floats
// value by value within the tolerance of verification.
std::string self_test_source(const Program& program, const std::vector<RecordedCase>& cases);

// The same for a streamed pipeline: pushes recordings and compares the decisions.
std::string pipeline_self_test_source(const Program& program,
                                      const std::vector<RecordedCase>& cases);

// Writes all files or, when one of them cannot be written, none. Throws T0005 when a file is in the
// way that lacks kGeneratedMark and `force` is false, T0102 when writing fails.
void write_package(const std::filesystem::path& folder, const std::vector<GeneratedFile>& files,
                   bool force);

}  // namespace thimble
