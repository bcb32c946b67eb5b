// The confusion matrix: its sums, and how it is drawn.
#include "evaluate/confusion.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

void add(Confusion& confusion, int label, int decided, int times)
{
    for (int i = 0; i < times; ++i) confusion.add(label, decided);
}

TEST(Confusion, is_drawn_with_a_row_for_what_it_was)
{
    Confusion confusion({"punch", "flex", "none"});
    add(confusion, 0, 0, 118);
    add(confusion, 0, 1, 2);
    add(confusion, 1, 1, 7);
    add(confusion, 1, 2, 1);
    EXPECT_EQ(confusion.text(), "is \\ decided  punch  flex  none\n"
                                "punch           118     2     .\n"
                                "flex              .     7     1\n");
    EXPECT_EQ(confusion.samples(), 128);
    EXPECT_EQ(confusion.right(), 125);
    EXPECT_DOUBLE_EQ(confusion.accuracy(), 125.0 / 128);
}

TEST(Confusion, has_a_column_for_no_decision_only_where_there_was_none)
{
    Confusion confusion({"yes", "no"});
    add(confusion, 0, 0, 1);
    EXPECT_EQ(confusion.columns().size(), 2u);
    add(confusion, 1, -1, 3);
    EXPECT_EQ(confusion.columns().back(), "no decision");
    EXPECT_EQ(confusion.counts()[1], (std::vector<int64_t>{0, 0, 3}));
    EXPECT_EQ(confusion.text(), "is \\ decided  yes  no  no decision\n"
                                "yes             1   .            .\n"
                                "no              .   .            3\n");
}

TEST(Confusion, tells_precision_and_recall_where_there_are_any)
{
    Confusion confusion({"a", "b", "c"});
    add(confusion, 0, 0, 6);
    add(confusion, 0, 1, 2);
    add(confusion, 1, 0, 3);
    const std::vector<ClassResult> classes = confusion.classes();
    EXPECT_DOUBLE_EQ(classes[0].precision.value(), 6.0 / 9);
    EXPECT_DOUBLE_EQ(classes[0].recall.value(), 6.0 / 8);
    EXPECT_DOUBLE_EQ(classes[1].precision.value(), 0);
    EXPECT_DOUBLE_EQ(classes[1].recall.value(), 0);
    EXPECT_FALSE(classes[2].precision.has_value());
    EXPECT_FALSE(classes[2].recall.has_value());
}

TEST(Confusion, heads_columns_by_number_when_names_are_too_wide)
{
    std::vector<std::string> labels;
    for (int i = 0; i < 12; ++i) labels.push_back("a_long_label_" + std::to_string(i));
    Confusion confusion(labels);
    add(confusion, 11, 3, 1);
    EXPECT_EQ(confusion.text(), "is \\ decided        0  1  2  3  4  5  6  7  8  9  10  11\n"
                                "11 a_long_label_11  .  .  .  1  .  .  .  .  .  .   .   .\n");
}

TEST(Confusion, counts_characters_not_bytes)
{
    Confusion confusion({"ja", "nö"});
    add(confusion, 1, 1, 1);
    EXPECT_EQ(confusion.text(), "is \\ decided  ja  nö\n"
                                "nö             .   1\n");
}

}  // namespace
}  // namespace thimble
