#include "verify/fit.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

// Two layers; the second holds 1000 bytes of weights and, with both buffers alive, most RAM.
Program small_program()
{
    Program program;
    program.graph.nodes.resize(2);
    program.tables.push_back({"int8_t", std::vector<uint8_t>(10), "w", true});
    program.tables.push_back({"int8_t", std::vector<uint8_t>(1000), "w", true});
    program.buffers.push_back({.name = "x", .bytes = 100, .first_step = 0, .last_step = 1});
    program.buffers.push_back({.name = "y", .bytes = 300, .first_step = 1, .last_step = 1});
    for (int i = 0; i < 2; ++i) {
        Arg table{.kind = Arg::Kind::table, .index = i};
        program.steps.push_back({.node = i, .layer = i == 0 ? "first" : "second", .macs = 10});
        program.steps.back().calls.push_back({"thb_dense_s8", {table}});
    }
    program.work_bytes = 400;
    return program;
}

const Board& uno()
{
    return *find_target("uno").board;
}

TEST(Fit, what_is_certain_needs_no_estimate)
{
    const Footprint least = least_footprint(small_program());
    EXPECT_EQ(least.flash, 1010);
    EXPECT_EQ(least.ram, 400);
    EXPECT_EQ(least.stack, 0);
}

TEST(Fit, an_estimate_is_never_below_what_is_certain)
{
    for (const Target* family : all_targets()) {
        const Footprint estimate = estimate_footprint(small_program(), family->facts);
        EXPECT_GE(estimate.flash, 1010) << family->name;
        EXPECT_GT(estimate.stack, 0) << family->name;
        EXPECT_GT(estimate.cycles, 0) << family->name;
        EXPECT_FALSE(estimate.measured);
    }
}

TEST(Fit, counts_what_the_core_keeps_for_itself)
{
    const Fit fit = fit_board(uno(), {.flash = 1000, .ram = 400, .stack = 50}, small_program());
    EXPECT_TRUE(fit.fits);
    EXPECT_EQ(fit.flash_free, uno().flash_bytes - uno().flash_reserved_bytes - 1000);
    EXPECT_EQ(fit.ram_free, uno().ram_bytes - uno().ram_reserved_bytes - 450);
    EXPECT_EQ(fit.advice, "");
}

TEST(Fit, one_byte_too_many_does_not_fit)
{
    const int64_t ram = uno().ram_bytes - uno().ram_reserved_bytes;
    EXPECT_TRUE(fit_board(uno(), {.ram = ram - 50, .stack = 50}, small_program()).fits);
    const Fit fit = fit_board(uno(), {.ram = ram - 49, .stack = 50}, small_program());
    EXPECT_FALSE(fit.fits);
    EXPECT_EQ(fit.ram_free, -1);
    EXPECT_EQ(fit.advice, "1 bytes of RAM too few, largest layer 'second' (400 bytes)");
}

TEST(Fit, refuses_with_the_missing_bytes_and_the_largest_layer)
{
    const int64_t flash = uno().flash_bytes - uno().flash_reserved_bytes;
    try {
        require_fit(uno(), {.flash = flash + 7}, small_program());
        FAIL() << "it does not fit";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0301);
        EXPECT_NE(error.text().found.find("7 bytes of flash too few"), std::string::npos);
        EXPECT_NE(error.text().found.find("'second' (1000 bytes)"), std::string::npos);
    }
}

TEST(Fit, a_pc_has_no_limit)
{
    const Fit fit = fit_board(*find_target("pc").board, {.flash = 1 << 30}, small_program());
    EXPECT_TRUE(fit.fits);
    EXPECT_FALSE(fit.limited);
}

}  // namespace
}  // namespace thimble
