#include "targets/target.h"

#include "base/error.h"

#include <gtest/gtest.h>
#include <set>

namespace thimble {
namespace {

TEST(FindTarget, finds_families_and_boards)
{
    EXPECT_STREQ(find_target("cortex-m4").family->name, "cortex-m4");
    EXPECT_EQ(find_target("cortex-m4").board, nullptr);
    const ResolvedTarget mega = find_target("mega2560");
    EXPECT_STREQ(mega.family->name, "avr");
    EXPECT_EQ(mega.mcu, "atmega2560");
    ASSERT_NE(mega.board, nullptr);
    EXPECT_EQ(mega.board->flash_bytes, 262'144);
}

TEST(FindTarget, avr_without_board_is_the_chip_of_the_uno)
{
    const ResolvedTarget avr = find_target("avr");
    EXPECT_EQ(avr.mcu, "atmega328p");
    EXPECT_EQ(avr.clock_hz, 16'000'000);
}

TEST(FindTarget, only_large_avr_chips_have_a_near_part_of_flash)
{
    EXPECT_EQ(find_target("mega2560").facts.near_flash_bytes, 65'536);
    EXPECT_EQ(find_target("uno").facts.near_flash_bytes, 0);
    EXPECT_EQ(find_target("avr").facts.near_flash_bytes, 0);
    EXPECT_EQ(find_target("cortex-m4").facts.near_flash_bytes, 0);
}

TEST(FindTarget, suggests_the_nearest_name)
{
    try {
        find_target("cortexm4");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0002);
        EXPECT_NE(error.text().expected.find("'cortex-m4'"), std::string::npos);
        EXPECT_EQ(error.text().remedy, "--target cortex-m4");
    }
}

TEST(Targets, every_board_names_a_family_and_no_name_is_used_twice)
{
    std::set<std::string> names;
    for (const Target* target : all_targets()) EXPECT_TRUE(names.insert(target->name).second);
    for (const Board& board : all_boards()) {
        EXPECT_TRUE(names.insert(board.name).second) << board.name;
        EXPECT_NE(find_target(board.name).family, nullptr) << board.name;
        EXPECT_LE(board.flash_reserved_bytes, board.flash_bytes) << board.name;
        EXPECT_LE(board.ram_reserved_bytes, board.ram_bytes) << board.name;
    }
    EXPECT_EQ(all_boards().size(), 16u);
}

TEST(Targets, an_emulated_target_says_how_it_is_compiled_and_counted)
{
    for (const Target* target : all_targets()) {
        if (target->emulator == Emulator::none) continue;
        EXPECT_FALSE(target->compiler.empty()) << target->name;
        EXPECT_FALSE(target->compiler_install.empty()) << target->name;
        EXPECT_FALSE(target->harness_sources.empty()) << target->name;
        EXPECT_EQ(target->emulator == Emulator::host, std::string(target->unit).empty());
    }
}

}  // namespace
}  // namespace thimble
