#include "formats/flat_table.h"

#include "base/error.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

// A file drawn by hand:
//
//    0  u32 8             root offset
//    4  "TEST"
//    8  i32 -20           the vtable lies at 28
//   12  i32 -7            field 0
//   16  u32 28            field 2: a vector at 44
//   20  u32 36            field 3: a string at 56
//   24  u8 1, 3 unused    field 4
//   28  u16 14, u16 20, u16 4, 0, 8, 12, 16    the vtable; field 1 is absent
//   42  2 unused
//   44  u32 2, i32 5, i32 -6
//   56  u32 2, "hi", 0
class Bytes {
public:
    template <typename T>
    void put(size_t at, T value)
    {
        if (bytes_.size() < at + sizeof(T)) bytes_.resize(at + sizeof(T));
        std::memcpy(bytes_.data() + at, &value, sizeof(T));
    }
    FlatTable root() const
    {
        return FlatTable::root(std::make_shared<const std::vector<uint8_t>>(bytes_), "f");
    }

private:
    std::vector<uint8_t> bytes_;
};

constexpr FlatField kNumber{0, "number"};
constexpr FlatField kAbsent{1, "absent"};
constexpr FlatField kList{2, "list"};
constexpr FlatField kText{3, "text"};
constexpr FlatField kFlag{4, "flag"};

Bytes good_file()
{
    Bytes bytes;
    bytes.put<uint32_t>(0, 8);
    bytes.put<int32_t>(8, -20);
    bytes.put<int32_t>(12, -7);
    bytes.put<uint32_t>(16, 44 - 16);
    bytes.put<uint32_t>(20, 56 - 20);
    bytes.put<uint8_t>(24, 1);
    const uint16_t vtable[] = {14, 20, 4, 0, 8, 12, 16};
    for (size_t i = 0; i < 7; ++i) bytes.put<uint16_t>(28 + 2 * i, vtable[i]);
    bytes.put<uint32_t>(44, 2);
    bytes.put<int32_t>(48, 5);
    bytes.put<int32_t>(52, -6);
    bytes.put<uint32_t>(56, 2);
    bytes.put<uint8_t>(60, 'h');
    bytes.put<uint8_t>(61, 'i');
    bytes.put<uint8_t>(62, 0);
    return bytes;
}

// The first line of the error that `read` must throw.
template <typename Read>
std::string refusal(Read read)
{
    try {
        read();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0104);
        return error.text().place + ": " + error.text().found;
    }
    return "accepted";
}

TEST(FlatTable, reads_fields)
{
    const FlatTable table = good_file().root();
    EXPECT_EQ(table.i32(kNumber), -7);
    EXPECT_EQ(table.i8(kNumber), -7);
    EXPECT_TRUE(table.boolean(kFlag));
    EXPECT_EQ(table.vector<int32_t>(kList), (std::vector<int32_t>{5, -6}));
    EXPECT_EQ(table.string(kText), "hi");
    EXPECT_EQ(table.bytes(kText).size(), 2u);
    EXPECT_TRUE(table.has(kNumber));
}

TEST(FlatTable, gives_defaults_for_absent_fields)
{
    for (const FlatTable& table : {good_file().root(), FlatTable()}) {
        for (int field : {1, 100, 40000}) {
            EXPECT_FALSE(table.has(field));
            EXPECT_EQ(table.i32(field, 9), 9);
            EXPECT_EQ(table.f32(field, 0.5f), 0.5f);
            EXPECT_TRUE(table.boolean(field, true));
            EXPECT_TRUE(table.string(field).empty());
            EXPECT_TRUE(table.bytes(field).empty());
            EXPECT_FALSE(table.table(field).in_file());
            EXPECT_TRUE(table.tables(field, "x").empty());
            EXPECT_TRUE(table.strings(field).empty());
        }
    }
}

TEST(FlatTable, refuses_tables_outside_of_the_file)
{
    Bytes bytes = good_file();
    bytes.put<uint32_t>(0, 0xFFFFFFFF);
    EXPECT_EQ(refusal([&] { bytes.root(); }), "f: table head of 4 bytes at offset 4294967295");
    bytes = good_file();
    bytes.put<int32_t>(8, 9);
    EXPECT_EQ(refusal([&] { bytes.root(); }), "f: vtable before the begin of the file");
    bytes.put<int32_t>(8, INT32_MIN);
    EXPECT_EQ(refusal([&] { bytes.root(); }), "f: vtable head of 4 bytes at offset 2147483656");
    bytes = good_file();
    bytes.put<uint16_t>(28, 0x7FFE);
    EXPECT_EQ(refusal([&] { bytes.root(); }), "f: vtable of 32766 bytes at offset 28");
    bytes = good_file();
    bytes.put<uint16_t>(30, 60);
    EXPECT_EQ(refusal([&] { bytes.root(); }), "f: table of 60 bytes at offset 8");
    EXPECT_EQ(refusal([] { Bytes().root(); }), "f: root offset of 4 bytes at offset 0");
}

TEST(FlatTable, refuses_fields_outside_of_their_table)
{
    Bytes bytes = good_file();
    bytes.put<uint16_t>(32, 17);
    EXPECT_EQ(refusal([&] { bytes.root().i32(kNumber); }),
              "f: number: 4 bytes at offset 17 of its table");
    EXPECT_EQ(bytes.root().i8(kNumber), 0);
    bytes.put<uint16_t>(32, 3);
    EXPECT_EQ(refusal([&] { bytes.root().i8(kNumber); }),
              "f: number: 1 bytes at offset 3 of its table");
}

TEST(FlatTable, refuses_vectors_outside_of_the_file)
{
    Bytes bytes = good_file();
    bytes.put<uint32_t>(44, 5);
    EXPECT_EQ(refusal([&] { bytes.root().vector<int32_t>(kList); }),
              "f: list: vector of 20 bytes at offset 48");
    EXPECT_EQ(bytes.root().vector<int8_t>(kList).size(), 5u);
    // 2^32 - 1 elements of 8 bytes: the product needs 35 bits.
    bytes.put<uint32_t>(44, 0xFFFFFFFF);
    EXPECT_EQ(refusal([&] { bytes.root().vector<int64_t>(kList); }),
              "f: list: vector of 34359738360 bytes at offset 48");
    bytes.put<uint32_t>(16, 0);
    EXPECT_EQ(refusal([&] { bytes.root().vector<int64_t>(kList); }), "f: list: an offset of 0");
    bytes = good_file();
    bytes.put<uint32_t>(56, 4);
    EXPECT_EQ(refusal([&] { bytes.root().string(kText); }),
              "f: text: string of 4 bytes at offset 60");
}

TEST(FlatTable, names_elements_and_unnamed_fields)
{
    const FlatTable table = good_file().root();
    EXPECT_EQ(table.place(), "f");
    EXPECT_EQ(table.place(3), "f: field 3");
    EXPECT_EQ(refusal([&] { table.tables(kList, "part"); }),
              "f: part 0: vtable before the begin of the file");
}

// A vector whose offsets all lead to one table describes more than the file holds; reading it
// again and again stops at a small multiple of the file's size.
TEST(FlatTable, limits_what_is_read_in_total)
{
    Bytes bytes = good_file();
    const FlatTable table = bytes.root();
    const std::string text = refusal([&] {
        for (int i = 0; i < 10'000'000; ++i) table.vector<int32_t>(kList);
    });
    EXPECT_NE(text.find("used again and again"), std::string::npos) << text;
}

}  // namespace
}  // namespace thimble
