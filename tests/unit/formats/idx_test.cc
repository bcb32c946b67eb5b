#include "formats/idx.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(Idx, reads_bytes_and_swaps_wider_elements)
{
    const NpyArray bytes = parse_idx(Bytes{0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9}, "a");
    EXPECT_EQ(bytes.dtype, "u1");
    EXPECT_EQ(bytes.shape, (std::vector<int64_t>{1, 3}));
    EXPECT_EQ(bytes.bytes, (Bytes{7, 8, 9}));
    const NpyArray words = parse_idx(Bytes{0, 0, 11, 1, 0, 0, 0, 2, 1, 2, 3, 4}, "a");
    EXPECT_EQ(words.dtype, "i2");
    EXPECT_EQ(words.bytes, (Bytes{2, 1, 4, 3}));
}

TEST(Idx, refuses_what_is_cut_or_no_idx)
{
    const Bytes whole = {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9};
    for (size_t size = 0; size < whole.size(); ++size)
        EXPECT_THROW(parse_idx(std::span(whole).first(size), "a"), Error) << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_THROW(parse_idx(longer, "a"), Error);
    // 2^32 - 1 on each of eight axes; and none at all on one.
    Bytes huge(36, 0xFF);
    huge[0] = huge[1] = 0;
    huge[2] = huge[3] = 8;
    EXPECT_THROW(parse_idx(huge, "a"), Error);
    EXPECT_THROW(parse_idx(Bytes{0, 0, 8, 1, 0, 0, 0, 0}, "a"), Error);
    try {
        parse_idx(Bytes{0x1F, 0x8B, 8, 0, 0}, "train.idx3-ubyte");
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.text().remedy, "gunzip train.idx3-ubyte");
    }
}

TEST(Idx, knows_its_names)
{
    for (const char* name : {"train-images-idx3-ubyte", "t10k-labels.idx1-ubyte", "a.idx2"})
        EXPECT_TRUE(is_idx_name(name)) << name;
    for (const char* name : {"idx3-ubyte", "train-images-idx3-ubyte.gz", "a.csv", "xidx3", "a-idx"})
        EXPECT_FALSE(is_idx_name(name)) << name;
}

}  // namespace
}  // namespace thimble
