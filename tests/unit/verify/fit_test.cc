#include "verify/fit.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

// One layer with 1,000 bytes of weights and 100 bytes of work memory.
Program small_program()
{
    Program program;
    program.name = "small";
    program.tables.push_back({.c_type = "int8_t", .bytes = std::vector<uint8_t>(1000), .purpose = "w"});
    Step step;
    step.layer = "dense";
    step.calls.push_back({"thb_dense_s8", {{.kind = Arg::Kind::table, .index = 0}}});
    program.steps.push_back(step);
    program.work_bytes = 100;
    return program;
}

constexpr Footprint kFootprint = {.flash = 1500, .ram = 100, .stack = 50};

TEST(FitBoard, leaves_what_core_and_bootloader_do_not_take)
{
    const Board& uno = *find_target("uno").board;
    const Fit fit = fit_board(uno, kFootprint, small_program());
    EXPECT_TRUE(fit.fits);
    EXPECT_EQ(fit.flash_free, 32'256 - 444 - 1500) << "the limit and the empty sketch of Arduino's builder";
    EXPECT_EQ(fit.ram_free, 2'048 - 9 - 150);
}

TEST(FitBoard, names_the_layer_when_a_board_is_too_small)
{
    Footprint large = kFootprint;
    large.flash = 40'000;
    const Fit fit = fit_board(*find_target("uno").board, large, small_program());
    EXPECT_FALSE(fit.fits);
    EXPECT_NE(fit.advice.find("'dense' (1000 bytes)"), std::string::npos) << fit.advice;
}

TEST(FitBoard, counts_weights_as_ram_where_the_core_copies_them_there)
{
    const Board& board = *find_target("d1mini").board;
    const Fit fit = fit_board(board, kFootprint, small_program());
    EXPECT_EQ(fit.ram_free, board.ram_bytes - board.ram_reserved_bytes - 150 - 1000);
}

TEST(FitBoard, a_pc_has_no_limit)
{
    const Fit fit = fit_board(*find_target("pc").board, kFootprint, small_program());
    EXPECT_TRUE(fit.fits);
    EXPECT_FALSE(fit.limited);
}

}  // namespace
}  // namespace thimble
