#include "formats/npy.h"

#include "base/error.h"
#include "base/file.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

// A file of version 1 or 2 with this header, unpadded, and `data_bytes` bytes of data.
std::vector<uint8_t> file_of(const std::string& header, size_t data_bytes, int major = 1)
{
    const std::string magic = "\x93NUMPY";
    std::vector<uint8_t> bytes(magic.begin(), magic.end());
    bytes.insert(bytes.end(), {static_cast<uint8_t>(major), 0});
    const size_t length_bytes = major == 1 ? 2 : 4;
    for (size_t i = 0; i < length_bytes; ++i) {
        bytes.push_back(static_cast<uint8_t>(header.size() >> (8 * i)));
    }
    bytes.insert(bytes.end(), header.begin(), header.end());
    for (size_t i = 0; i < data_bytes; ++i) bytes.push_back(static_cast<uint8_t>(i));
    return bytes;
}

ErrorText refusal_of(const std::vector<uint8_t>& bytes)
{
    try {
        parse_npy(bytes, "a.npy");
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0105);
        return error.text();
    }
    ADD_FAILURE() << "accepted";
    return {};
}

TEST(Npy, reads_versions_1_and_2)
{
    for (int major : {1, 2}) {
        const NpyArray array = parse_npy(
            file_of("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }\n", 12, major),
            "a.npy");
        EXPECT_EQ(array.dtype, "i2");
        EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
        EXPECT_EQ(array.bytes.size(), 12u);
        EXPECT_EQ(array.bytes[11], 11);
    }
}

TEST(Npy, reads_headers_in_other_forms)
{
    const NpyArray scalar =
        parse_npy(file_of("{\"shape\":(),\"descr\":\"<f8\",\"fortran_order\":False}", 8), "a.npy");
    EXPECT_EQ(scalar.dtype, "f8");
    EXPECT_TRUE(scalar.shape.empty());
    const NpyArray vector = parse_npy(
        file_of("{'descr': '|b1', 'fortran_order': True, 'shape': (3L,)}", 3), "a.npy");
    EXPECT_EQ(vector.shape, (std::vector<int64_t>{3}));
    EXPECT_EQ(parse_npy(file_of("{'descr':'<f4','fortran_order':False,'shape':(0,4)}", 0), "a.npy")
                  .bytes.size(),
              0u);
}

// The bytes of numpy.save(FILE, numpy.array([[1, -2]], 'i1')), NumPy 1.24.
TEST(Npy, writes_the_bytes_of_numpy)
{
    const std::vector<uint8_t> bytes = format_npy({"i1", {1, 2}, {1, 0xFE}});
    ASSERT_EQ(bytes.size(), 130u);
    const std::string header(bytes.begin() + 10, bytes.begin() + 128);
    EXPECT_EQ(header, "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 2), }" +
                          std::string(58, ' ') + "\n");
    EXPECT_EQ(bytes[8], 118);
    EXPECT_EQ(bytes[129], 0xFE);
}

TEST(Npy, round_trips_through_a_file)
{
    const TemporaryFolder folder;
    for (const std::string dtype :
         {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}) {
        const auto size = static_cast<size_t>(npy_element_bytes(dtype));
        const NpyArray array{dtype, {5}, std::vector<uint8_t>(5 * size, 7)};
        write_npy(folder.path() / "a.npy", array);
        const NpyArray back = read_npy(folder.path() / "a.npy");
        EXPECT_EQ(back.dtype, dtype);
        EXPECT_EQ(back.shape, array.shape);
        EXPECT_EQ(back.bytes, array.bytes);
    }
}

TEST(Npy, refuses_what_it_does_not_read)
{
    EXPECT_EQ(refusal_of({1, 2, 3}).found, "3 bytes without the mark of a .npy file");
    EXPECT_EQ(refusal_of(file_of("", 0, 9)).found, "format version 9");
    EXPECT_EQ(refusal_of(file_of("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", 16))
                  .remedy,
              "save it again with numpy.save(FILE, numpy.ascontiguousarray(array))");
    EXPECT_EQ(refusal_of(file_of("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", 4))
                  .remedy,
              "save it again with numpy.save(FILE, array.astype('<f4'))");
    EXPECT_EQ(refusal_of(file_of("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8))
                  .found,
              "elements of type '<c8'");
    EXPECT_EQ(
        refusal_of(file_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4))
            .found,
        "a structured array");
}

TEST(Npy, refuses_data_of_another_size)
{
    const std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }\n";
    EXPECT_EQ(refusal_of(file_of(header, 11)).found, "11 bytes of data");
    EXPECT_EQ(refusal_of(file_of(header, 13)).expected, "12 for i2 [2, 3]");
    const std::string huge =
        "{'descr': '<i2', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }";
    EXPECT_EQ(refusal_of(file_of(huge, 0)).expected, "a shape that fits a computer");
}

TEST(Npy, survives_truncation_and_every_single_byte)
{
    const std::vector<uint8_t> good = format_npy({"i2", {2, 3}, std::vector<uint8_t>(12)});
    for (size_t length = 0; length < good.size(); ++length) {
        refusal_of({good.begin(), good.begin() + static_cast<ptrdiff_t>(length)});
    }
    for (size_t i = 0; i < good.size(); ++i) {
        for (int value = 0; value < 256; ++value) {
            std::vector<uint8_t> bytes = good;
            bytes[i] = static_cast<uint8_t>(value);
            try {
                parse_npy(bytes, "a.npy");
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::T0105);
            }
        }
    }
}

}  // namespace
}  // namespace thimble
