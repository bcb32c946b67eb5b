// Resampling keeps constants and tones, stops what the lower rate cannot carry, and is the same
// everywhere.
#include "formats/resample.h"

#include "base/crc32.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace thimble {
namespace {

std::vector<int16_t> tone(double hz, int64_t rate_hz, int64_t count, double amplitude = 20000)
{
    std::vector<int16_t> samples;
    for (int64_t i = 0; i < count; ++i)
        samples.push_back(static_cast<int16_t>(
            std::lround(amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) /
                                             static_cast<double>(rate_hz)))));
    return samples;
}

// Greatest difference away from the ends, where silence is heard.
int worst(const std::vector<int16_t>& a, const std::vector<int16_t>& b, size_t margin)
{
    int most = 0;
    for (size_t i = margin; i + margin < std::min(a.size(), b.size()); ++i)
        most = std::max(most, std::abs(a[i] - b[i]));
    return most;
}

TEST(Resample, counts_are_rounded_up)
{
    EXPECT_EQ(resampled(std::vector<int16_t>(100), 8000, 16000).size(), 200u);
    EXPECT_EQ(resampled(std::vector<int16_t>(100), 44100, 16000).size(), 37u);
    EXPECT_EQ(resampled(std::vector<int16_t>(1), 768000, 1000).size(), 1u);
    EXPECT_TRUE(resampled({}, 8000, 16000).empty());
}

TEST(Resample, constants_stay)
{
    const std::vector<int16_t> loud(3000, 32767), quiet(3000, -5);
    for (const auto& [from, to] :
         {std::pair{8000, 16000}, {44100, 16000}, {11025, 16000}, {48000, 16000}, {16000, 15999}}) {
        const auto high = resampled(loud, from, to), low = resampled(quiet, from, to);
        for (size_t i = 120; i + 120 < high.size(); ++i) {
            ASSERT_EQ(high[i], 32767) << from << " to " << to;
            ASSERT_EQ(low[i], -5) << from << " to " << to;
        }
    }
}

TEST(Resample, tones_stay)
{
    for (const auto& [from, to] :
         {std::pair{8000, 16000}, {44100, 16000}, {11025, 16000}, {48000, 16000}}) {
        for (const int hz : {100, 1000, 3000})
            EXPECT_LE(worst(resampled(tone(hz, from, from), from, to), tone(hz, to, to), 200), 8)
                << hz << " Hz, " << from << " to " << to;
    }
}

TEST(Resample, what_the_lower_rate_cannot_carry_is_gone)
{
    for (const int hz : {9000, 12000, 20000})
        EXPECT_LE(worst(resampled(tone(hz, 48000, 48000), 48000, 16000),
                        std::vector<int16_t>(16000), 200),
                  8)
            << hz;
}

TEST(Resample, saturates)
{
    std::vector<int16_t> square;
    for (int i = 0; i < 1000; ++i) square.push_back(i / 20 % 2 ? 32767 : -32768);
    const auto result = resampled(square, 8000, 16000);
    EXPECT_EQ(*std::max_element(result.begin(), result.end()), 32767);
    EXPECT_EQ(*std::min_element(result.begin(), result.end()), -32768);
}

// The bits of one result, so that a change of the filter is a decision.
TEST(Resample, results_are_repeatable)
{
    const auto result = resampled(tone(440, 44100, 4410), 44100, 16000);
    EXPECT_EQ(result.size(), 1600u);
    EXPECT_EQ(crc32({reinterpret_cast<const uint8_t*>(result.data()), 2 * result.size()}),
              0x9b4d1479u);
}

}  // namespace
}  // namespace thimble
