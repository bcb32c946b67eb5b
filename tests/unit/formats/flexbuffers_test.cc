#include "formats/flexbuffers.h"

#include "base/error.h"

#include <gtest/gtest.h>
#include <vector>

namespace thimble {
namespace {

// {shift: 12}, as the audio preprocessor's window operator stores it.
const std::vector<uint8_t> kShift = {0x73, 0x68, 0x69, 0x66, 0x74, 0x00, 0x01, 0x07,
                                     0x01, 0x01, 0x01, 0x0c, 0x04, 0x02, 0x24, 0x01};

void expect_refused(const std::vector<uint8_t>& bytes)
{
    try {
        FlexMap::read(bytes, "op");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0104);
    }
}

TEST(FlexBuffers, reads_one_integer)
{
    const FlexMap map = FlexMap::read(kShift, "op");
    EXPECT_TRUE(map.has("shift"));
    EXPECT_FALSE(map.has("shif"));
    EXPECT_EQ(map.i64("shift"), 12);
    EXPECT_EQ(map.f64("shift"), 12.0);
    EXPECT_EQ(map.i64("absent", 7), 7);
}

TEST(FlexBuffers, reads_an_empty_map)
{
    const FlexMap map = FlexMap::read(std::vector<uint8_t>{0, 0, 1, 0, 0, 0x24, 1}, "op");
    EXPECT_FALSE(map.has("shift"));
    EXPECT_FALSE(FlexMap::read({}, "op").has("shift"));
}

// Drawn by hand: {"a": -2, "b": true, "c": 1.5, "d": "xy"} in a map of 4-byte values.
TEST(FlexBuffers, reads_every_kind)
{
    std::vector<uint8_t> bytes = {
        'a', 0, 'b', 0, 'c', 0, 'd', 0,    // 0: keys
        2, 'x', 'y', 0,                    // 8: length 2, string at 9
        4, 13 - 0, 14 - 2, 15 - 4, 16 - 6, // 12: count 4, key vector at 13, offsets backwards
    };
    const auto put = [&](uint32_t value) {
        for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
    };
    put(17 - 13);     // 17: offset to the key vector
    put(1);           // 21: its width
    put(4);           // 25: entries
    put(0xFFFFFFFE);  // 29: -2
    put(1);           // 33: true
    put(0x3FC00000);  // 37: 1.5
    put(41 - 9);      // 41: offset to the string
    bytes.insert(bytes.end(), {1 << 2 | 2, 26 << 2, 3 << 2 | 2, 5 << 2});  // 45: packed types
    bytes.insert(bytes.end(), {49 - 29, 9 << 2 | 2, 1});                   // 49: the root
    const FlexMap map = FlexMap::read(bytes, "op");
    EXPECT_EQ(map.i64("a"), -2);
    EXPECT_TRUE(map.boolean("b"));
    EXPECT_EQ(map.f64("c"), 1.5);
    EXPECT_EQ(map.string("d"), "xy");
    EXPECT_THROW(map.i64("c"), Error);
    EXPECT_THROW(map.boolean("a"), Error);
    EXPECT_THROW(map.string("a"), Error);
}

TEST(FlexBuffers, names_a_missing_option)
{
    const FlexMap map = FlexMap::read(kShift, "model.tflite: operator 3");
    try {
        map.i64("bits");
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "error[T0104]: model.tflite: operator 3: options without 'bits'\n"
                     "expected: a value for 'bits'\n"
                     "try: export the model again");
    }
}

TEST(FlexBuffers, refuses_every_truncation)
{
    // The end holds the root, so every shorter prefix is another, broken buffer.
    for (size_t length = 1; length < kShift.size(); ++length) {
        expect_refused({kShift.begin(), kShift.begin() + static_cast<ptrdiff_t>(length)});
    }
}

TEST(FlexBuffers, survives_every_single_byte)
{
    for (size_t i = 0; i < kShift.size(); ++i) {
        for (int value = 0; value < 256; ++value) {
            std::vector<uint8_t> bytes = kShift;
            bytes[i] = static_cast<uint8_t>(value);
            try {
                FlexMap::read(bytes, "op");
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::T0104);
            }
        }
    }
}

}  // namespace
}  // namespace thimble
