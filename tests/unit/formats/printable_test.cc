#include "formats/printable.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace thimble {
namespace {

TEST(Printable, keeps_text)
{
    EXPECT_EQ(printable(""), "");
    EXPECT_EQ(printable("conv/BiasAdd;x:0"), "conv/BiasAdd;x:0");
    const std::string wide = "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xa4";
    EXPECT_EQ(printable(wide), wide);
}

TEST(Printable, replaces_controls_and_broken_bytes)
{
    EXPECT_EQ(printable(std::string_view("a\0b\n\x7f", 5)), "a?b??");
    EXPECT_EQ(printable("\xc2\x9b" "2J"), "?2J");         // C1 control: begins a terminal command
    EXPECT_EQ(printable("\xc0\xaf"), "??");               // overlong '/'
    EXPECT_EQ(printable("\xed\xa0\x80"), "???");          // surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");     // above U+10FFFF
    EXPECT_EQ(printable("\xe2\x82"), "??");               // cut
}

// JSON output throws on text that is not UTF-8.
TEST(Printable, makes_every_pair_of_bytes_fit_for_json)
{
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const char bytes[] = {static_cast<char>(first), static_cast<char>(second)};
            const nlohmann::json json = printable(std::string_view(bytes, 2));
            EXPECT_NO_THROW(json.dump());
        }
    }
}

}  // namespace
}  // namespace thimble
