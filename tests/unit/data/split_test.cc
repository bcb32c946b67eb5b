#include "data/split.h"

#include "base/error.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace thimble {
namespace {

std::vector<Recording> recordings(int64_t files, int64_t per_file)
{
    std::vector<Recording> all;
    for (int64_t f = 0; f < files; ++f) {
        for (int64_t i = 0; i < per_file; ++i) {
            Recording one{.shape = {1, 1}, .label = f % 2 ? "odd" : "even",
                          .file = std::to_string(f), .first = i};
            pack_values({static_cast<double>(f * per_file + i)}, false, one);
            all.push_back(std::move(one));
        }
    }
    return all;
}

std::string marks(const std::vector<Recording>& all)
{
    std::string text;
    for (const Recording& recording : all) text += recording.test ? 'T' : '.';
    return text;
}

// Literal results: another machine, compiler or library must find the same.
TEST(Split, is_the_same_everywhere)
{
    std::vector<Recording> all = recordings(4, 5);
    split_recordings({0.2, SplitBy::recording, 1}, all);
    EXPECT_EQ(marks(all), "....TT.....T....T...");
    split_recordings({0.2, SplitBy::recording, 2}, all);
    EXPECT_EQ(marks(all), ".........T..T.T..T..");
    split_recordings({0.5, SplitBy::file, 1}, all);
    EXPECT_EQ(marks(all), "..........TTTTTTTTTT");
    split_recordings({0.3, SplitBy::hash, 1}, all);
    EXPECT_EQ(marks(all), "...T....TT........T.");
}

TEST(Split, holds_out_at_least_one_and_never_all)
{
    std::vector<Recording> all = recordings(2, 2);
    split_recordings({0.01, SplitBy::recording, 1}, all);
    EXPECT_EQ(std::ranges::count(marks(all), 'T'), 2);
    split_recordings({0.99, SplitBy::recording, 1}, all);
    EXPECT_EQ(std::ranges::count(marks(all), 'T'), 2);
    split_recordings({0, SplitBy::recording, 1}, all);
    EXPECT_EQ(std::ranges::count(marks(all), 'T'), 0);
    split_recordings({0.5, SplitBy::file, 1}, all);  // one file of each label: none can be spared
    EXPECT_EQ(std::ranges::count(marks(all), 'T'), 0);
}

TEST(Split, by_hash_keeps_its_choice_when_recordings_are_added)
{
    std::vector<Recording> few = recordings(2, 50), many = recordings(4, 50);
    split_recordings({0.3, SplitBy::hash, 5}, few);
    split_recordings({0.3, SplitBy::hash, 5}, many);
    EXPECT_EQ(marks(few), marks(many).substr(0, 100));
    const auto share = std::ranges::count(marks(many), 'T');
    EXPECT_GT(share, 40);
    EXPECT_LT(share, 80);
}

TEST(Recording, values_are_converted_or_refused)
{
    Recording one{.shape = {2, 2}, .file = "a.csv", .first = 10, .has_lines = true};
    pack_values({1, 2, 3, -300}, false, one);
    EXPECT_EQ(one.type, DType::i16);
    EXPECT_EQ(values_as(one, DType::i32).size(), 16u);
    try {
        values_as(one, DType::i8);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.text().place, "a.csv:11");
        EXPECT_EQ(error.text().found, "the value -300");
    }
    pack_values({0, 70000, 1, 2}, true, one);
    EXPECT_EQ(one.type, DType::i32);
    pack_values({0, 255, 1, 2}, true, one);
    EXPECT_EQ(one.type, DType::u8);
    pack_values({0, 0.5, 1, 2}, true, one);
    EXPECT_EQ(one.type, DType::f32);
    EXPECT_THROW(values_as(one, DType::i16), Error);
}

}  // namespace
}  // namespace thimble
