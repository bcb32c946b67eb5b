#include "project/audio_tables.h"

#include <cmath>
#include <numbers>

namespace thimble {

namespace {

constexpr int kWindowBits = 12;
constexpr float kWeightOne = 4096.0f;  // Q12

int16_t rounded_half_up(float value)
{
    return static_cast<int16_t>(std::floor(value + 0.5f));
}

// The double of the C library is within one unit of the 53rd bit, so that its float32 is the
// correctly rounded value.
float cos_f32(float x)
{
    return static_cast<float>(std::cos(static_cast<double>(x)));
}
float log1p_f32(float x)
{
    return static_cast<float>(std::log1p(static_cast<double>(x)));
}
float pow_f32(float x, float y)
{
    return static_cast<float>(std::pow(static_cast<double>(x), static_cast<double>(y)));
}

float mel_of(float hz)
{
    return 1127.0f * log1p_f32(hz / 700.0f);
}

}  // namespace

std::vector<int16_t> hann_table(int64_t samples, AudioTables set)
{
    std::vector<int16_t> table;
    const float step = static_cast<float>(std::numbers::pi) * 2.0f / static_cast<float>(samples);
    for (int64_t i = 0; i < samples; ++i) {
        if (set == AudioTables::microfrontend) {
            const float value = 0.5f - 0.5f * cos_f32(step * (static_cast<float>(i) + 0.5f));
            table.push_back(rounded_half_up(value * (1 << kWindowBits)));
        } else {
            const double angle = 2 * std::numbers::pi * (static_cast<double>(i) + 0.5) /
                                 static_cast<double>(samples);
            table.push_back(static_cast<int16_t>(
                std::nearbyint((0.5 - 0.5 * std::cos(angle)) * (1 << kWindowBits))));
        }
    }
    return table;
}

MelTables mel_tables(const MelBand& band, AudioTables set)
{
    const bool truncated = set == AudioTables::audio_preprocessor;
    const auto weight = [&](float share) {
        return truncated ? static_cast<int16_t>(share * kWeightOne)
                         : rounded_half_up(share * kWeightOne);
    };
    const float bin_hz =
        0.5f * static_cast<float>(band.rate_hz) / (static_cast<float>(band.bins) - 1.0f);
    const float low = mel_of(band.low_hz);
    const float spacing = (mel_of(band.high_hz) - low) / static_cast<float>(band.channels + 1);
    const auto center = [&](int64_t i) {
        return i < 0 ? low : low + spacing * static_cast<float>(i + 1);
    };
    MelTables tables;
    tables.begin = static_cast<int64_t>(truncated ? std::nearbyint(1.0f + band.low_hz / bin_hz)
                                                  : 1.5f + band.low_hz / bin_hz);
    int64_t bin = tables.begin;
    for (int64_t i = 0; i <= band.channels; ++i) {
        tables.bin_starts.push_back(static_cast<int16_t>(bin));
        tables.weight_starts.push_back(static_cast<int16_t>(tables.weights.size()));
        for (; bin <= band.bins; ++bin) {
            const float mel = mel_of(static_cast<float>(bin) * bin_hz);
            if (mel > center(i)) break;
            const float share = (center(i) - mel) / (center(i) - center(i - 1));
            tables.weights.push_back(weight(share));
            tables.unweights.push_back(weight(1.0f - share));
        }
        tables.widths.push_back(static_cast<int16_t>(bin - tables.bin_starts.back()));
    }
    tables.end = bin;
    return tables;
}

std::vector<int16_t> pcan_table(const PcanGain& gain)
{
    const auto at = [&](uint32_t x) {
        const float base =
            static_cast<float>(x) / static_cast<float>(1u << gain.input_bits) + gain.offset;
        const float value =
            static_cast<float>(1u << gain.gain_bits) * pow_f32(base, -gain.strength);
        return value > 32767.0f ? 32767 : static_cast<int32_t>(value + 0.5f);
    };
    std::vector<int16_t> table(125, 0);
    table[0] = static_cast<int16_t>(at(0));
    table[1] = static_cast<int16_t>(at(1));
    for (int octave = 2; octave <= 32; ++octave) {
        const uint32_t x0 = uint32_t{1} << (octave - 1);
        const uint32_t x2 = octave == 32 ? 0xFFFFFFFFu : 2 * x0;
        // A parabola through the values at the begin, the middle and the end of the octave.
        const int32_t value = at(x0), middle = at(x0 + x0 / 2) - value, end = at(x2) - value;
        const int32_t slope = 4 * middle - end;
        const auto entry = static_cast<size_t>(4 * octave - 6);
        table[entry] = static_cast<int16_t>(value);
        table[entry + 1] = static_cast<int16_t>(slope);
        table[entry + 2] = static_cast<int16_t>(end - slope);
    }
    return table;
}

}  // namespace thimble
