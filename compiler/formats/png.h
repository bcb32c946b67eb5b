// PNG images as 8-bit grey or RGB.
//
// A palette becomes RGB, or grey when it holds nothing but greys; 1, 2 and 4 bits are spread over
// 0..255; of 16 bits the nearest 8 are taken, (v * 255 + 32895) >> 16. Where a pixel is transparent
// white shines through: (c * a + 255 * (255 - a) + 127) / 255. Gamma and colour profiles do not
// count: the numbers of the file are what a camera would give.
//
// libpng decodes (docs/dependencies.md); this file alone sees it.
// Tested by tests/unit/formats/png_test.cc, tests/fuzz/read_png_fuzz.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace thimble {

struct Image {
    int64_t height = 0;
    int64_t width = 0;
    int64_t channels = 0;         // 1 grey, 3 RGB
    std::vector<uint8_t> pixels;  // [height][width][channels]
};

constexpr int64_t kImageSideMax = 4096;

// Throws T0105 when the bytes are not a whole PNG of at most kImageSideMax x kImageSideMax pixels.
Image parse_png(std::span<const uint8_t> bytes, std::string_view file_name);
// The same for a file; also throws T0101 when it cannot be read.
Image read_png(const std::filesystem::path& path);

}  // namespace thimble
