// The short form equals the reference on every accumulator of its range, not only at the steps.
#include "numeric/reference.h"
#include "numeric/short_requant.h"

#include <gtest/gtest.h>
#include <limits>
#include <algorithm>
#include <cmath>
#include <random>

namespace thimble {

static int32_t reference_output(double factor, int32_t zero_point, StoredClamp clamp, int64_t acc)
{
    const int32_t scaled =
        reference::multiply(static_cast<int32_t>(acc), reference::quantize_multiplier(factor));
    return reference::saturate(int64_t{scaled} + zero_point, clamp.lowest, clamp.highest);
}

static int count_proven(const ShortForm& form, int64_t range, int tries)
{
    std::mt19937 random(3);
    std::uniform_real_distribution<double> exponent(-12, -2);
    int proven = 0;
    for (int i = 0; i < tries; ++i) {
        const double factor = std::exp2(exponent(random));
        const auto zero_point = static_cast<int32_t>(random() % 256) - 128;
        const StoredClamp clamp = {random() % 2 ? zero_point : -128, 127};
        const auto result =
            short_requant(requant_of(factor), zero_point, clamp, {-range, range}, form);
        if (!result) continue;
        ++proven;
        for (int64_t acc = -range; acc <= range; ++acc) {
            const int64_t offset = acc < 0 ? result->negative_offset : result->offset;
            const int64_t value = (acc * result->multiplier + offset) >> result->shift;
            const int64_t found = std::clamp<int64_t>(value, clamp.lowest, clamp.highest);
            if (found != reference_output(factor, zero_point, clamp, acc)) {
                ADD_FAILURE() << "factor " << factor << " acc " << acc;
                return -1;
            }
        }
    }
    return proven;
}

TEST(ShortRequant, EqualsTheReferenceWith24BitMultipliers)
{
    EXPECT_GE(count_proven({32, (1 << 24) - 1, 1 << 22}, 60000, 60), 23);
    EXPECT_GE(count_proven({24, (1 << 24) - 1, 1 << 22}, 60000, 60), 10);
}

TEST(ShortRequant, IsAlmostAlwaysProvenWith31BitMultipliers)
{
    EXPECT_GE(count_proven({32, INT32_MAX, INT32_MAX}, 60000, 60), 58);
}

TEST(Requant, SaturatesFactorsThatNoFloatHolds)
{
    const Requant greatest = requant_of(std::numeric_limits<double>::infinity());
    EXPECT_EQ(greatest.multiplier, INT32_MAX);
    EXPECT_EQ(greatest.shift, 30);
    EXPECT_EQ(requant_of(std::numeric_limits<double>::quiet_NaN()).multiplier, 0);
}

TEST(ShortRequant, RefusesWhatItCannotProve)
{
    // One step of the output is less than one step of a 4-bit multiplier.
    EXPECT_FALSE(
        short_requant(requant_of(0.0037), 0, {-128, 127}, {-100000, 100000}, {11, 15, 1 << 20}));
    EXPECT_FALSE(
        short_requant(requant_of(3.3), 0, {-128, 127}, {-100, 100}, {24, (1 << 24) - 1, 1 << 20}));
}

}  // namespace thimble
