#include "base/crc32.h"

#include <gtest/gtest.h>
#include <string_view>

namespace thimble {
namespace {

uint32_t crc_of(std::string_view text, uint32_t previous = 0)
{
    return crc32(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()), previous);
}

// 0xCBF43926 is the check value of CRC-32/ISO-HDLC; the others are zlib's.
TEST(Crc32, gives_the_published_values)
{
    EXPECT_EQ(crc_of(""), 0u);
    EXPECT_EQ(crc_of("123456789"), 0xCBF43926u);
    EXPECT_EQ(crc_of("The quick brown fox jumps over the lazy dog"), 0x414FA339u);
}

TEST(Crc32, continues_where_it_stopped)
{
    EXPECT_EQ(crc_of("56789", crc_of("1234")), 0xCBF43926u);
}

}  // namespace
}  // namespace thimble
