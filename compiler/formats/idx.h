// IDX files, as MNIST comes: one array of numbers, big-endian.
//
//   0 | 0 | u8 type | u8 rank | u32 size of each axis ... | elements
//
// type: 8 u8, 9 i8, 11 i16, 12 i32, 13 f32, 14 f64.
//
// Source: the description on the page of the MNIST data set (LeCun, Cortes, Burges).
// Tested by tests/unit/formats/idx_test.cc, tests/fuzz/read_idx_fuzz.cc.
#pragma once

#include "formats/npy.h"

#include <filesystem>
#include <span>
#include <string_view>

namespace thimble {

// True for names such as train-images-idx3-ubyte and t10k-labels.idx1-ubyte.
bool is_idx_name(std::string_view file_name);

// The array with little-endian elements. Throws T0105 when the bytes are not such a file.
NpyArray parse_idx(std::span<const uint8_t> bytes, std::string_view file_name);
// The same for a file; also throws T0101 when it cannot be read.
NpyArray read_idx(const std::filesystem::path& path);

}  // namespace thimble
