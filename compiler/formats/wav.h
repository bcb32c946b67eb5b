// Sound files: RIFF WAVE with linear PCM of 8, 16, 24 or 32 bits, or float of 32 or 64.
//
//   "RIFF" | u32 bytes that follow | "WAVE" | chunks: 4 letters | u32 bytes | bytes | pad to even
//
// The chunks "fmt " and "data" may stand in any order among others. A file that a program wrote
// into a pipe has the sizes 0 or 2^32 - 1, which mean: to the end. Everything becomes int16, one
// channel: 8-bit samples x (with an offset of 128) count (x - 128) * 2^8, wider ones are rounded,
// half up, floats of -1 to 1 count 2^15 each, saturated; channels are averaged before that
// rounding.
//
// Source: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0 (1991);
// mmreg.h for the tags. Tested by tests/unit/formats/wav_test.cc and tests/fuzz/read_wav_fuzz.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

constexpr int kMeanOfChannels = -1;

struct Sound {
    int64_t rate_hz = 0;
    int channels = 0;  // of the file; `samples` are one channel, or the mean of all
    int bits = 0;      // of a sample in the file
    std::vector<int16_t> samples;
};

// `channel`: kMeanOfChannels, or one of the file's, from 0. `file_name` stands in errors. Throws
// T0105 for what is no such file, is cut short, or has another encoding.
Sound parse_wav(std::span<const uint8_t> bytes, std::string_view file_name,
                int channel = kMeanOfChannels);
// The same for a file; also throws T0101 when it cannot be read.
Sound read_wav(const std::filesystem::path& path, int channel = kMeanOfChannels);

// Brings the sound to `rate_hz` (resample.h). The result says so in one sentence for the user;
// empty: the rate was right.
std::string convert_rate(Sound& sound, int64_t rate_hz, std::string_view file_name);

}  // namespace thimble
