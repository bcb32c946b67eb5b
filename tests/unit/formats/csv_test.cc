#include "formats/csv.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

using Cells = std::vector<std::string>;

std::vector<Cells> rows_of(std::string_view text, char delimiter = 0)
{
    CsvReader reader(text, "a.csv", delimiter);
    std::vector<Cells> rows;
    CsvRow row;
    while (reader.next(row)) rows.push_back(row.cells);
    return rows;
}

TEST(Csv, finds_the_delimiter)
{
    EXPECT_EQ(rows_of("a,b\n"), (std::vector<Cells>{{"a", "b"}}));
    EXPECT_EQ(rows_of("1,5;2\n"), (std::vector<Cells>{{"1,5", "2"}}));
    EXPECT_EQ(rows_of("\na, b\tc\n"), (std::vector<Cells>{{""}, {"a, b", "c"}}));
    EXPECT_EQ(rows_of("\"a;b\",c\n"), (std::vector<Cells>{{"a;b", "c"}}));
    EXPECT_EQ(rows_of("a;b,c\n", ','), (std::vector<Cells>{{"a;b", "c"}}));
}

TEST(Csv, reads_quoted_cells)
{
    EXPECT_EQ(rows_of("\"a \"\"b\"\"\" , c ,\"\"\n"), (std::vector<Cells>{{"a \"b\"", "c", ""}}));
    EXPECT_THROW(rows_of("\"a\n\""), Error);
    EXPECT_THROW(rows_of("\"a\"b,c"), Error);
}

TEST(Csv, takes_every_line_end)
{
    const std::vector<Cells> expected = {{"1"}, {""}, {"2"}};
    for (const char* text : {"1\n\n2", "1\r\n\r\n2\r\n", "1\r\r2\r", "\xEF\xBB\xBF" "1\n\n2\n"})
        EXPECT_EQ(rows_of(text), expected) << text;
}

TEST(Csv, numbers_are_finite_decimals)
{
    EXPECT_EQ(csv_number("-12"), -12.0);
    EXPECT_EQ(csv_number("+.5e1"), 5.0);
    EXPECT_EQ(csv_number("1,5", true), 1.5);
    for (const char* text : {"", "1,5", "nan", "inf", "0x10", "1 2", "1e999", "+-1", "-", "--1"})
        EXPECT_FALSE(csv_number(text)) << text;
}

}  // namespace
}  // namespace thimble
