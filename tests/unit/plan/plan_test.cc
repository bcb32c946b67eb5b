// The planner against brute force on small programs, and its rules on larger ones.
#include "plan/plan.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace thimble {

namespace {

Buffer buffer(int64_t bytes, int first, int last, int64_t alignment = 1)
{
    Buffer result;
    result.name = "b";
    result.bytes = bytes;
    result.first_step = first;
    result.last_step = last;
    result.alignment = alignment;
    return result;
}

bool live_together(const Buffer& a, const Buffer& b)
{
    return a.first_step <= b.last_step && b.first_step <= a.last_step;
}

void expect_valid(const Program& program)
{
    for (size_t i = 0; i < program.buffers.size(); ++i) {
        const Buffer& a = program.buffers[i];
        EXPECT_EQ(a.offset % a.alignment, 0);
        EXPECT_LE(a.offset + a.bytes,
                  a.place == Place::work ? program.work_bytes : program.state_bytes);
        for (size_t j = 0; j < i; ++j) {
            const Buffer& b = program.buffers[j];
            if (a.place != b.place || a.bytes == 0 || b.bytes == 0) continue;
            const bool apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
            EXPECT_TRUE(apart || (a.place == Place::work && !live_together(a, b)))
                << i << " and " << j;
        }
    }
}

// Every byte offset up to `limit` for every buffer: the smallest top there is.
int64_t brute_force(const Program& program, std::vector<int64_t>& offsets, int64_t limit)
{
    const size_t next = offsets.size();
    if (next == program.buffers.size()) {
        int64_t top = 0;
        for (size_t i = 0; i < next; ++i)
            top = std::max(top, offsets[i] + program.buffers[i].bytes);
        return top;
    }
    const Buffer& own = program.buffers[next];
    int64_t best = limit;
    for (int64_t at = 0; at + own.bytes < best; ++at) {
        const auto clashes = [&](size_t i) {
            const Buffer& other = program.buffers[i];
            return live_together(own, other) && at < offsets[i] + other.bytes &&
                   offsets[i] < at + own.bytes;
        };
        bool free = true;
        for (size_t i = 0; i < next && free; ++i) free = !clashes(i);
        if (!free) continue;
        offsets.push_back(at);
        best = std::min(best, brute_force(program, offsets, best));
        offsets.pop_back();
    }
    return best;
}

}  // namespace

TEST(Plan, EqualsBruteForceOnSmallPrograms)
{
    std::mt19937 random(7);
    for (int round = 0; round < 60; ++round) {
        Program program;
        for (int i = 0; i < 5; ++i) {
            const int first = static_cast<int>(random() % 5);
            program.buffers.push_back(buffer(1 + static_cast<int64_t>(random() % 4), first,
                                             first + static_cast<int>(random() % 3)));
        }
        plan_memory(program);
        expect_valid(program);
        std::vector<int64_t> offsets;
        EXPECT_EQ(program.work_bytes, brute_force(program, offsets, 64)) << "round " << round;
        EXPECT_TRUE(program.plan_is_optimal);
        EXPECT_GE(program.work_bytes, program.work_bytes_lower_bound);
    }
}

TEST(Plan, ReusesTheMemoryOfAChain)
{
    Program program;
    for (int i = 0; i < 6; ++i) program.buffers.push_back(buffer(100, i, i + 1));
    plan_memory(program);
    expect_valid(program);
    EXPECT_EQ(program.work_bytes, 200);
}

TEST(Plan, ComputesInPlaceWhereTheInputDies)
{
    Program program;
    program.buffers = {buffer(100, -1, 0), buffer(100, 0, 1), buffer(100, 1, 2)};
    program.buffers[1].may_start_at = {0};
    program.buffers[2].may_start_at = {1};
    plan_memory(program);
    EXPECT_EQ(program.work_bytes, 100);
    EXPECT_EQ(program.buffers[2].offset, program.buffers[0].offset);
}

TEST(Plan, KeepsAnInputThatLivesOn)
{
    Program program;
    program.buffers = {buffer(100, -1, 2), buffer(100, 0, 2)};
    program.buffers[1].may_start_at = {0};
    plan_memory(program);
    expect_valid(program);
    EXPECT_EQ(program.work_bytes, 200);
}

TEST(Plan, AlignsAndSeparatesState)
{
    Program program;
    program.buffers = {buffer(3, 0, 1), buffer(8, 0, 1, 4), buffer(5, 0, 0), buffer(8, 0, 0, 8)};
    program.buffers[2].place = program.buffers[3].place = Place::state;
    plan_memory(program);
    expect_valid(program);
    EXPECT_EQ(program.work_bytes, 11);
    EXPECT_EQ(program.state_bytes, 13);
}

TEST(Plan, StaysWithinItsSearchBudgetOnManyBuffers)
{
    std::mt19937 random(11);
    Program program;
    for (int i = 0; i < 150; ++i) {
        const int first = static_cast<int>(random() % 100);
        program.buffers.push_back(buffer(1 + static_cast<int64_t>(random() % 5000), first,
                                         first + static_cast<int>(random() % 12), 4));
    }
    plan_memory(program, {.search_nodes_max = 20000});
    expect_valid(program);
    EXPECT_LE(program.work_bytes, program.work_bytes_lower_bound * 3 / 2);
}

}  // namespace thimble
