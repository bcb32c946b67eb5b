#include "base/text.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

TEST(EditDistance, counts_insertions_deletions_and_replacements)
{
    EXPECT_EQ(edit_distance("", ""), 0);
    EXPECT_EQ(edit_distance("abc", ""), 3);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
    EXPECT_EQ(edit_distance("uno", "nuo"), 2);
    EXPECT_EQ(edit_distance("mega2560", "mega256"), 1);
}

TEST(Nearest, finds_a_misspelt_name_in_any_case)
{
    const std::vector<std::string> boards = {"uno", "leonardo", "mega2560", "cortex-m4",
                                             "cortex-m7"};
    EXPECT_EQ(nearest("leonrado", boards), "leonardo");
    EXPECT_EQ(nearest("MEGA2650", boards), "mega2560");
    EXPECT_EQ(nearest("cortex-m", boards), "cortex-m4") << "the first of equals";
}

TEST(Nearest, stays_silent_when_nothing_is_near)
{
    EXPECT_EQ(nearest("raspberry", {"uno", "mega2560"}), "");
    EXPECT_EQ(nearest("uno", {}), "");
}

TEST(Split, keeps_empty_lines_and_drops_empty_words)
{
    EXPECT_EQ(split_lines("a\n\nb\n"), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_EQ(split_words("  a \t b\n"), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(split_lines("").empty());
}

}  // namespace
}  // namespace thimble
