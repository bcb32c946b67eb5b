// Tables of the audio front end: checksums of the three published sets, little-endian int16.
#include "project/audio_tables.h"

#include "base/crc32.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace thimble {

namespace {

constexpr AudioTables kSets[] = {AudioTables::microfrontend, AudioTables::micro_speech,
                                 AudioTables::audio_preprocessor};

uint32_t crc_of(const std::vector<int16_t>& values)
{
    return crc32({reinterpret_cast<const uint8_t*>(values.data()), 2 * values.size()});
}

MelTables micro_speech_mel(AudioTables set)
{
    return mel_tables(
        {.bins = 257, .rate_hz = 16000, .channels = 40, .low_hz = 125, .high_hz = 7500}, set);
}

// As the published tables are stored: each interval begins at an even bin and is filled up with
// zeros to a multiple of four.
MelTables padded(const MelTables& compact)
{
    MelTables result;
    for (size_t i = 0; i < compact.widths.size(); ++i) {
        const int16_t before = compact.bin_starts[i] % 2;
        const auto width = static_cast<int16_t>((before + compact.widths[i] + 3) / 4 * 4);
        const auto start = static_cast<size_t>(compact.weight_starts[i]);
        result.bin_starts.push_back(static_cast<int16_t>(compact.bin_starts[i] - before));
        result.weight_starts.push_back(static_cast<int16_t>(result.weights.size()));
        result.widths.push_back(width);
        for (int16_t k = 0; k < width; ++k) {
            const bool inside = k >= before && k < before + compact.widths[i];
            const size_t from = start + static_cast<size_t>(k - before);
            result.weights.push_back(inside ? compact.weights[from] : int16_t{0});
            result.unweights.push_back(inside ? compact.unweights[from] : int16_t{0});
        }
    }
    return result;
}

TEST(AudioTables, windows_are_the_published_ones)
{
    EXPECT_EQ(crc_of(hann_table(480, AudioTables::microfrontend)), 0x6c758054u);
    EXPECT_EQ(crc_of(hann_table(480, AudioTables::micro_speech)), 0x82bfb5e7u);
    EXPECT_EQ(crc_of(hann_table(480, AudioTables::audio_preprocessor)), 0x82bfb5e7u);
    for (const AudioTables set : kSets) EXPECT_EQ(crc_of(hann_table(400, set)), 0x62ae94cau);
}

TEST(AudioTables, float32_windows_differ_in_a_few_entries)
{
    for (const int64_t samples : {480, 1280, 1440, 1600, 1760, 1840}) {
        const auto single = hann_table(samples, AudioTables::microfrontend);
        const auto exact = hann_table(samples, AudioTables::micro_speech);
        int different = 0;
        for (size_t i = 0; i < exact.size(); ++i) different += single[i] != exact[i];
        EXPECT_GE(different, 1) << samples;
        EXPECT_LE(different, 3) << samples;
    }
}

TEST(AudioTables, filter_banks_are_the_published_ones)
{
    for (const AudioTables set : kSets) {
        const MelTables compact = micro_speech_mel(set);
        EXPECT_EQ(compact.begin, 5);
        EXPECT_EQ(compact.end, 241);
        EXPECT_EQ(compact.weights.size(), 236u);
        const MelTables wide = padded(compact);
        EXPECT_EQ(wide.weights.size(), 316u);
        EXPECT_EQ(crc_of(wide.bin_starts), 0xa9797a13u);
        EXPECT_EQ(crc_of(wide.weight_starts), 0x8bb077b1u);
        EXPECT_EQ(crc_of(wide.widths), 0x21e1e0b8u);
        const bool truncated = set == AudioTables::audio_preprocessor;
        EXPECT_EQ(crc_of(wide.weights), truncated ? 0x0993db9cu : 0x099b70cau);
        EXPECT_EQ(crc_of(wide.unweights), truncated ? 0x321dd6ebu : 0x6282bd8au);
    }
}

// glibc's log1pf is one unit off at two bins; with its two weights the table is the one that the
// C library makes there.
TEST(AudioTables, rounded_filter_bank_differs_from_glibc_in_two_weights)
{
    MelTables wide = padded(micro_speech_mel(AudioTables::micro_speech));
    int replaced = 0;
    for (size_t i = 0; i < wide.weights.size(); ++i) {
        if (wide.weights[i] != 2470 && wide.weights[i] != 1400) continue;
        ++wide.weights[i];
        --wide.unweights[i];
        ++replaced;
    }
    EXPECT_EQ(replaced, 2);
    EXPECT_EQ(crc_of(wide.weights), 0xf9d17ed1u);
    EXPECT_EQ(crc_of(wide.unweights), 0xc5d411f1u);
}

TEST(AudioTables, bands_end_within_the_spectrum_and_intervals_may_be_empty)
{
    const MelTables dense =
        mel_tables({.bins = 257, .rate_hz = 16000, .channels = 200, .low_hz = 125, .high_hz = 8000},
                   AudioTables::micro_speech);
    EXPECT_EQ(dense.end, 257);
    EXPECT_EQ(std::accumulate(dense.widths.begin(), dense.widths.end(), 0), 257 - dense.begin);
    EXPECT_EQ(std::count(dense.widths.begin(), dense.widths.end(), 0) > 0, true);
    const MelTables beyond =
        mel_tables({.bins = 257, .rate_hz = 16000, .channels = 40, .low_hz = 125, .high_hz = 9000},
                   AudioTables::micro_speech);
    EXPECT_EQ(beyond.end, 258);
}

TEST(AudioTables, pcan_gain_is_the_published_one)
{
    EXPECT_EQ(
        crc_of(pcan_table({.strength = 0.95f, .offset = 80, .gain_bits = 21, .input_bits = 7})),
        0x46452314u);
}

}  // namespace

}  // namespace thimble
