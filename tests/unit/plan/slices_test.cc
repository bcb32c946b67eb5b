// Ticks cut into slices: what fits stays together, branches and loops are cut where they must be.
#include "plan/slices.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

Step layer(const std::string& name)
{
    Step step;
    step.layer = name;
    step.op = "dense";
    step.calls.resize(1);
    return step;
}

Step part(StepKind kind, int begin, int64_t turns = 0)
{
    Step step = layer(kind == StepKind::scan_begin ? "loop" : "branch");
    step.kind = kind;
    step.begin = begin;
    step.trip_count = turns;
    return step;
}

Program program_of(std::vector<Step> steps)
{
    Program program;
    program.name = "test";
    program.steps = std::move(steps);
    return program;
}

// 0 a | 1 if { 2 b } 3 else { 4 c } 5 | 6 d
Program branch()
{
    return program_of({layer("a"), part(StepKind::if_begin, -1), layer("b"),
                       part(StepKind::if_else, 1), layer("c"), part(StepKind::region_end, 1),
                       layer("d")});
}

TEST(Slices, whole_tick_in_one_when_it_fits)
{
    const SlicePlan plan = plan_slices(branch(), {10, 1, 10, 0, 10, 0, 10}, 100);
    ASSERT_EQ(plan.slices.size(), 1u);
    EXPECT_EQ(plan.slices[0].ops.size(), 3u) << "a, the branch, d";
}

TEST(Slices, a_branch_that_is_too_long_is_cut)
{
    const SlicePlan plan = plan_slices(branch(), {10, 1, 10, 0, 10, 0, 10}, 12);
    // a and the test; b, then on with d; c; d.
    ASSERT_EQ(plan.slices.size(), 4u);
    EXPECT_EQ(plan.slices[0].ops[1].kind, SliceOp::Kind::test);
    EXPECT_EQ(plan.slices[0].ops[1].to, 2);
    EXPECT_EQ(plan.slices[1].ops.back().kind, SliceOp::Kind::go);
    EXPECT_EQ(plan.slices[1].ops.back().to, 3);
    EXPECT_EQ(plan.slices[3].ops[0].step, 6);
    for (const Slice& slice : plan.slices) EXPECT_LE(slice.cost, 12u);
}

TEST(Slices, a_loop_that_is_too_long_is_cut_turn_by_turn)
{
    // 0 for 5 turns { 1 a 2 b } 3 | 4 c
    const Program program = program_of({part(StepKind::scan_begin, -1, 5), layer("a"), layer("b"),
                                        part(StepKind::region_end, 0), layer("c")});
    const SlicePlan plan = plan_slices(program, {5, 50, 50, 0, 10}, 25);
    EXPECT_EQ(plan.loops, std::vector<int>{0});
    ASSERT_EQ(plan.slices.size(), 3u);
    EXPECT_EQ(plan.slices[1].ops.back().kind, SliceOp::Kind::next_turn);
    EXPECT_EQ(plan.slices[1].ops.back().to, 1);
    EXPECT_EQ(plan.slices[1].cost, 21u) << "a, b and the loop's own part of one turn";
}

TEST(Slices, a_layer_above_the_limit_is_named)
{
    try {
        plan_slices(branch(), {10, 1, 10, 0, 99, 0, 10}, 12);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("layer 'c' (dense) alone takes 99"),
                  std::string::npos)
            << error.what();
    }
}

}  // namespace
}  // namespace thimble
