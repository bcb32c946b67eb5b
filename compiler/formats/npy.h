// NumPy's .npy files: one array of numbers, little-endian, in C order.
//
//   "\x93NUMPY" | u8 major | u8 minor | header length, u16 (major 1) or u32 (2, 3) | header | data
//
// The header is a Python dictionary as text, padded with spaces to a multiple of 64 bytes and ended
// by a newline: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
//
// Source: NumPy's format specification (numpy.lib.format).
// Tested by tests/unit/formats/npy_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

struct NpyArray {
    std::string dtype;           // f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1: kind, and bytes per element
    std::vector<int64_t> shape;  // empty = scalar
    std::vector<uint8_t> bytes;  // elements in C order (last axis fastest), little-endian
};

// Bytes of one element; 0 for a type that is not in the list above.
int64_t npy_element_bytes(std::string_view dtype);

// Throws T0105 when the bytes are not such a file. `file_name` stands in errors.
NpyArray parse_npy(std::span<const uint8_t> bytes, std::string_view file_name);
// The same for a file; also throws T0101 when it cannot be read.
NpyArray read_npy(const std::filesystem::path& path);

// Format version 1.0, as numpy.save writes it. `bytes` must have the size that dtype and shape
// need.
std::vector<uint8_t> format_npy(const NpyArray& array);
// Replaces the file as a whole. Throws T0102.
void write_npy(const std::filesystem::path& path, const NpyArray& array);

}  // namespace thimble
