#include "data/augment.h"

#include "base/error.h"
#include "folder.h"

#include <cmath>
#include <set>

namespace thimble {
namespace {

using Values = std::vector<double>;

Recording rows_of(const Values& values, int64_t channels)
{
    Recording recording{.shape = {std::ssize(values) / channels, channels}, .label = "a"};
    pack_values(values, false, recording);
    return recording;
}

TEST(Augment, nothing_is_changed_by_default)
{
    SplitMix64 random(1);
    const Recording one = rows_of({1, -2, 3, 40000}, 2);
    const Recording copy = augmented(one, {}, random);
    EXPECT_EQ(values_of(copy), values_of(one));
    EXPECT_EQ(copy.type, one.type);
    EXPECT_EQ(copy.label, "a");
}

TEST(Augment, shift_repeats_the_edge)
{
    SplitMix64 random(1);
    const Recording one = rows_of({1, 2, 3, 4, 5}, 1);
    const std::set<Values> possible = {{1, 2, 3, 4, 5}, {1, 1, 2, 3, 4}, {1, 1, 1, 2, 3},
                                       {2, 3, 4, 5, 5}, {3, 4, 5, 5, 5}};
    std::set<Values> seen;
    for (int i = 0; i < 100; ++i) seen.insert(values_of(augmented(one, {.shift = 2}, random)));
    EXPECT_EQ(seen, possible);
}

TEST(Augment, images_move_in_both_directions)
{
    SplitMix64 random(1);
    Recording image{.shape = {2, 2, 1}};
    pack_values({1, 2, 3, 4}, true, image);
    std::set<Values> seen;
    for (int i = 0; i < 200; ++i) seen.insert(values_of(augmented(image, {.shift = 1}, random)));
    EXPECT_EQ(seen.size(), 9u);
    EXPECT_TRUE(seen.contains({1, 1, 1, 1}));  // down and to the right
    EXPECT_TRUE(seen.contains({2, 2, 4, 4}));  // to the left
}

TEST(Augment, a_turn_keeps_lengths)
{
    SplitMix64 random(1);
    const Recording one = rows_of({3000, 4000, 0, 100, -200, 700}, 3);
    const Values turned = values_of(augmented(one, {.rotation = 90}, random));
    EXPECT_NEAR(std::hypot(turned[0], turned[1], turned[2]), 5000, 2);
    EXPECT_NEAR(std::hypot(turned[3], turned[4], turned[5]), std::hypot(100, 200, 700), 2);
    EXPECT_NE(turned, values_of(one));
    EXPECT_THROW(augmented(rows_of({1, 2}, 2), {.rotation = 9}, random), Error);
}

TEST(Augment, gain_and_noise_stay_in_range)
{
    SplitMix64 random(1);
    const Recording one = rows_of(Values(1000, 30000), 1);
    const AugmentOptions options{.noise = 1000, .least_gain = 1.1, .most_gain = 1.1};
    const Recording copy = augmented(one, options, random);
    EXPECT_EQ(copy.type, DType::i16);
    double most = 0, sum = 0;
    for (const double value : values_of(copy)) {
        most = std::max(most, value);
        sum += value;
    }
    EXPECT_EQ(most, 32767);
    EXPECT_NEAR(sum / 1000, 32350, 150);  // 33000, cut off at 32767
}

TEST(Augment, speed_changes_around_the_middle)
{
    SplitMix64 random(1);
    Values ramp;
    for (int i = 0; i < 101; ++i) ramp.push_back(i * 100);
    const Values copy = values_of(augmented(rows_of(ramp, 1), {.warp = 0.2}, random));
    EXPECT_EQ(copy[50], 5000);
    const double slope = (copy[60] - copy[40]) / 20;
    EXPECT_NE(slope, 100);
    EXPECT_GE(slope, 80);
    EXPECT_LE(slope, 120);
}

}  // namespace
}  // namespace thimble
