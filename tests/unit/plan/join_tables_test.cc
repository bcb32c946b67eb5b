// Tables that a loop reads one turn apart are one table.
#include "plan/join_tables.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

// A program of one call that reads the tables, each moving on by its number of bytes a turn.
Program reading(std::vector<std::vector<uint8_t>> tables, std::vector<int64_t> moves)
{
    Program program;
    Step step;
    KernelCall call;
    for (size_t i = 0; i < tables.size(); ++i) {
        program.tables.push_back({"int8_t", std::move(tables[i]), "scales", false});
        Arg arg;
        arg.kind = Arg::Kind::table;
        arg.index = static_cast<int>(i);
        if (moves[i] > 0) arg.strides.push_back({0, moves[i]});
        call.args.push_back(std::move(arg));
    }
    step.calls.push_back(std::move(call));
    program.steps.push_back(std::move(step));
    return program;
}

using Bytes = std::vector<uint8_t>;

TEST(JoinTables, what_is_written_is_read_a_turn_later)
{
    Program program = reading({{9, 1, 2, 3}, {5, 5, 5, 5}, {1, 2, 3, 4}}, {1, 1, 1});
    join_tables(program);
    EXPECT_EQ(program.tables[0].bytes, (Bytes{9, 1, 2, 3, 4}));
    EXPECT_EQ(program.tables[1].bytes, (Bytes{5, 5, 5, 5}));
    EXPECT_TRUE(program.tables[2].bytes.empty());
    const std::vector<Arg>& args = program.steps[0].calls[0].args;
    EXPECT_EQ(args[0].index, 0);
    EXPECT_EQ(args[0].offset, 0);
    EXPECT_EQ(args[2].index, 0);
    EXPECT_EQ(args[2].offset, 1);
}

TEST(JoinTables, moves_by_whole_turns)
{
    // By two bytes a turn the second begins a turn later; by one byte nothing fits.
    Program two = reading({{1, 2, 3, 4, 5, 6}, {3, 4, 5, 6, 7, 8}}, {2, 2});
    join_tables(two);
    EXPECT_EQ(two.tables[0].bytes, (Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(two.steps[0].calls[0].args[1].offset, 2);
    const std::vector<std::vector<int64_t>> unfit = {{1, 1}, {2, 1}, {0, 0}};
    for (const std::vector<int64_t>& moves : unfit) {
        Program other = reading({{1, 2, 3, 4, 5, 6}, {3, 4, 5, 6, 7, 8}}, moves);
        join_tables(other);
        EXPECT_EQ(other.tables[1].bytes, (Bytes{3, 4, 5, 6, 7, 8}));
        EXPECT_EQ(other.steps[0].calls[0].args[1].offset, 0);
    }
}

}  // namespace
}  // namespace thimble
