// Constants that 16-bit addresses cannot reach are refused, by name and size.
#include "plan/flash_reach.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace thimble {

static Program program_with(std::vector<size_t> sizes)
{
    Program program;
    for (const size_t size : sizes)
        program.tables.push_back({"int8_t", std::vector<uint8_t>(size), "weights", true});
    return program;
}

TEST(FlashReach, RefusesWhatAnAvrCannotAddress)
{
    TargetFacts avr;
    avr.separate_flash = true;
    EXPECT_NO_THROW(require_tables_in_reach(program_with({32767, 20000}), avr));
    EXPECT_THROW(require_tables_in_reach(program_with({32768}), avr), Error);
    EXPECT_THROW(require_tables_in_reach(program_with({30000, 30000, 5000}), avr), Error);
    EXPECT_NO_THROW(require_tables_in_reach(program_with({1000000}), TargetFacts{}));
}

}  // namespace thimble
