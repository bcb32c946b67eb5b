// Tables of the audio front end, computed on the host: window, mel filter bank, gain of PCAN.
//
// Three published sets exist for the same parameters, and differ in the last bit. Every step is
// rounded to float32 where their library does so, and the functions of the C library (cos, log1p,
// pow) are rounded correctly, so that a table is the same on every computer.
//
//   microfrontend       window in float32, weights rounded: the C library as it runs
//   micro_speech        window in double, weights rounded: the published micro_speech features
//   audio_preprocessor  window in double, weights truncated: the audio_preprocessor models
//
// Source: docs/numerics.md, "Audio". Tested by tests/unit/project/audio_tables_test.cc.
#pragma once

#include <cstdint>
#include <vector>

namespace thimble {

enum class AudioTables : uint8_t { microfrontend, micro_speech, audio_preprocessor };

// Hann coefficients in Q12 at the middle of each sample, 4096 (0.5 - 0.5 cos(2 pi (i + 0.5) / n)).
std::vector<int16_t> hann_table(int64_t samples, AudioTables set);

// Triangles that overlap by half: channels + 1 intervals of bins one behind the other.
struct MelTables {
    int64_t begin = 0, end = 0;          // bins that count
    std::vector<int16_t> weights;        // Q12, per bin: its share of the channel that ends there
    std::vector<int16_t> unweights;      // ... of the channel that begins there
    std::vector<int16_t> bin_starts;     // per interval
    std::vector<int16_t> weight_starts;  // ... in weights and unweights
    std::vector<int16_t> widths;         // ... in bins; 0 where channels are denser than bins
};

struct MelBand {
    int64_t bins = 0;  // of the FFT, N / 2 + 1
    int64_t rate_hz = 0;
    int64_t channels = 0;
    float low_hz = 0, high_hz = 0;
};

// `end` may be greater than `bins`: then the band reaches beyond the spectrum, and the tables end
// with it.
MelTables mel_tables(const MelBand& band, AudioTables set);

struct PcanGain {
    float strength = 0, offset = 0;
    int64_t gain_bits = 0;   // 0 to 30
    int64_t input_bits = 0;  // fraction bits of the noise estimate, 0 to 31
};

// 125 entries: the gain 2^gain_bits (x / 2^input_bits + offset)^-strength at 0 and 1, then value,
// slope and curvature for each octave.
std::vector<int16_t> pcan_table(const PcanGain& gain);

}  // namespace thimble
