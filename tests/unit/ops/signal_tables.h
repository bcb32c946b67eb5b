// Tables of the audio front end as TFLM's table builder makes them, for the tests: every step in
// float32 where the builder works in float32 (docs/numerics.md, "Audio").
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace thimble {

inline std::vector<int16_t> hann_window(int size, int shift)
{
    std::vector<int16_t> window;
    for (int i = 0; i < size; ++i) {
        const double value = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (i + 0.5) / size);
        window.push_back(static_cast<int16_t>(std::nearbyint(value * (1 << shift))));
    }
    return window;
}

struct FilterBankTables {
    int begin = 0, end = 0;
    std::vector<int16_t> weights, unweights, bin_starts, weight_starts, widths;
};

inline FilterBankTables filter_bank_tables(int bins, float rate, int channels, float low,
                                           float high)
{
    // The C library's log1pf differs from system to system by one unit; the vectors hold its 32-bit
    // form.
    const auto mel = [](float hz) { return 1127.0f * log1pf(hz / 700.0f); };
    const float bin_hz = 0.5f * rate / (static_cast<float>(bins) - 1.0f);
    const float mel_low = mel(low);
    const float spacing = (mel(high) - mel_low) / static_cast<float>(channels + 1);
    const auto center = [&](int i) {
        return i < 0 ? mel_low : mel_low + spacing * static_cast<float>(i + 1);
    };
    FilterBankTables tables;
    tables.begin = static_cast<int>(std::nearbyint(1.0f + low / bin_hz));
    int bin = tables.begin;
    for (int i = 0; i <= channels; ++i) {
        tables.bin_starts.push_back(static_cast<int16_t>(bin));
        tables.weight_starts.push_back(static_cast<int16_t>(tables.weights.size()));
        for (; mel(static_cast<float>(bin) * bin_hz) <= center(i); ++bin) {
            const float part = (center(i) - mel(static_cast<float>(bin) * bin_hz)) /
                               (center(i) - center(i - 1));
            tables.weights.push_back(static_cast<int16_t>(std::trunc(part * 4096)));
            tables.unweights.push_back(static_cast<int16_t>(std::trunc((1.0f - part) * 4096)));
        }
        tables.widths.push_back(static_cast<int16_t>(bin - tables.bin_starts.back()));
    }
    tables.end = bin;
    return tables;
}

// Gain of PCAN: 2^gain_bits * (x / 2^input_bits + offset)^-strength, and its quadratic pieces.
inline std::vector<int16_t> pcan_table(float strength, float offset, int gain_bits, int input_bits)
{
    const auto gain = [&](uint32_t x) {
        const float base = static_cast<float>(x) / static_cast<float>(1u << input_bits) + offset;
        const float value = static_cast<float>(1u << gain_bits) * powf(base, -strength);
        return value > 32767.0f ? 32767 : static_cast<int32_t>(value + 0.5f);
    };
    std::vector<int16_t> table(125, 0);
    table[0] = static_cast<int16_t>(gain(0));
    table[1] = static_cast<int16_t>(gain(1));
    for (int octave = 2; octave <= 32; ++octave) {
        const uint32_t x0 = uint32_t{1} << (octave - 1);
        const uint32_t x2 = octave == 32 ? 0xFFFFFFFFu : 2 * x0;
        const int32_t y0 = gain(x0), d1 = gain(x0 + x0 / 2) - y0, d2 = gain(x2) - y0;
        const int32_t slope = 4 * d1 - d2;
        const auto at = static_cast<size_t>(4 * octave - 6);
        table[at] = static_cast<int16_t>(y0);
        table[at + 1] = static_cast<int16_t>(slope);
        table[at + 2] = static_cast<int16_t>(d2 - slope);
    }
    return table;
}

}  // namespace thimble
