// Features of one frame of sound, in fixed point: a chain of Signal operators.
//
//   int16 [window] -> signal_window (Hann) -> signal_fft_auto_scale -> signal_rfft -> signal_energy
//     -> signal_filter_bank -> signal_filter_bank_square_root -> signal_spectral_subtraction
//     -> signal_pcan -> signal_filter_bank_log -> scaling -> [channels]
//
// Cutting samples into frames is the business of whoever calls it once a frame. The noise estimate
// is the only state. All tables are constants that the host computes (audio_tables.h): with int8
// output the device needs no float.
//
// Source: docs/numerics.md, "Audio". Tested by tests/unit/project/audio_frontend_test.cc.
#pragma once

#include "project/audio_tables.h"
#include "project/graph_builder.h"

#include <cstdint>
#include <functional>
#include <string>

namespace thimble {

enum class AudioOutput : uint8_t {
    int8,     // (v * 256 + 333) / 666 - 128, clamped: what micro_speech and its kin were trained on
    real,     // v / 25.6 as float32
    integer,  // v
};

struct AudioFrontend {
    int64_t rate_hz = 16000;
    int64_t window = 480;  // samples of a frame
    int64_t channels = 40;
    float low_hz = 125, high_hz = 7500;
    // Noise estimate: a slow average per channel, with these many more bits than the signal; share
    // of the newest frame in even and odd channels; least share of the signal that remains.
    int64_t smoothing_bits = 10;
    float smoothing_even = 0.025f, smoothing_odd = 0.06f, min_signal_remaining = 0.05f;
    bool pcan = true;
    float pcan_strength = 0.95f, pcan_offset = 80;
    int64_t pcan_gain_bits = 21;
    bool log = true;
    int64_t log_scale_shift = 6;
    AudioOutput output = AudioOutput::int8;
    AudioTables tables = AudioTables::audio_preprocessor;

    int64_t fft_length() const;  // smallest power of two that holds a frame
    // log2 of what the signal lost on its way, the FFT's length against 64; negative below.
    int64_t correction_bits() const;
};

// Throws T0106 when the numbers do not go together; the place of the key stands in the error.
using KeyPlace = std::function<std::string(const std::string& key)>;
void require_audio_frontend(const AudioFrontend& settings, const KeyPlace& place);

// `samples`: int16 with `window` elements. The result has shape [channels] and no quantisation
// parameters: whoever reads it takes the numbers as they are.
TensorId add_audio_frontend(GraphBuilder& builder, TensorId samples, const AudioFrontend& settings);

}  // namespace thimble
