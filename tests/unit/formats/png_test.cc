#include "formats/png.h"

#include "base/error.h"

#include <cstring>
#include <gtest/gtest.h>
#include <png.h>

namespace thimble {
namespace {

using Bytes = std::vector<uint8_t>;

struct Draft {
    uint32_t width = 0, height = 0;
    int depth = 8;
    int type = PNG_COLOR_TYPE_GRAY;
    Bytes rows;  // as the file packs them
    std::vector<png_color> palette = {};
    int interlace = PNG_INTERLACE_NONE;
};

Bytes write(const Draft& draft)
{
    Bytes bytes;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(
        png, &bytes,
        [](png_structp p, png_bytep data, size_t count) {
            auto* to = static_cast<Bytes*>(png_get_io_ptr(p));
            to->insert(to->end(), data, data + count);
        },
        nullptr);
    png_set_IHDR(png, info, draft.width, draft.height, draft.depth, draft.type, draft.interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (!draft.palette.empty())
        png_set_PLTE(png, info, draft.palette.data(), static_cast<int>(draft.palette.size()));
    png_write_info(png, info);
    Bytes rows = draft.rows;
    std::vector<png_bytep> begins;
    for (uint32_t y = 0; y < draft.height; ++y)
        begins.push_back(rows.data() + y * rows.size() / draft.height);
    png_write_image(png, begins.data());
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    return bytes;
}

Bytes pixels(const Draft& draft, int64_t channels)
{
    const Image image = parse_png(write(draft), "a.png");
    EXPECT_EQ(image.height, draft.height);
    EXPECT_EQ(image.width, draft.width);
    EXPECT_EQ(image.channels, channels);
    return image.pixels;
}

TEST(Png, reads_grey_of_every_depth)
{
    EXPECT_EQ(pixels({2, 2, 8, PNG_COLOR_TYPE_GRAY, {0, 1, 128, 255}}, 1), (Bytes{0, 1, 128, 255}));
    EXPECT_EQ(pixels({4, 1, 2, PNG_COLOR_TYPE_GRAY, {0x1B}}, 1), (Bytes{0, 85, 170, 255}));
    EXPECT_EQ(pixels({8, 1, 1, PNG_COLOR_TYPE_GRAY, {0xA5}}, 1),
              (Bytes{255, 0, 255, 0, 0, 255, 0, 255}));
    // 0x0080 rounds to 0 and 0x0081 to 1: (v * 255 + 32895) >> 16.
    EXPECT_EQ(pixels({3, 1, 16, PNG_COLOR_TYPE_GRAY, {0x00, 0x80, 0x00, 0x81, 0xFF, 0xFF}}, 1),
              (Bytes{0, 1, 255}));
}

TEST(Png, reads_colours_palettes_and_transparency)
{
    EXPECT_EQ(pixels({1, 2, 8, PNG_COLOR_TYPE_RGB, {1, 2, 3, 4, 5, 6}}, 3),
              (Bytes{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(pixels({2, 1, 8, PNG_COLOR_TYPE_PALETTE, {1, 0}, {{9, 8, 7}, {1, 2, 3}}}, 3),
              (Bytes{1, 2, 3, 9, 8, 7}));
    EXPECT_EQ(pixels({2, 1, 8, PNG_COLOR_TYPE_PALETTE, {1, 0}, {{9, 9, 9}, {4, 4, 4}}}, 1),
              (Bytes{4, 9}));
    EXPECT_EQ(pixels({3, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, {10, 255, 10, 0, 100, 128}}, 1),
              (Bytes{10, 255, 177}));
    EXPECT_EQ(pixels({1, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, {0, 100, 255, 51}}, 3),
              (Bytes{204, 224, 255}));
}

TEST(Png, reads_interlaced_images)
{
    Draft draft{9, 7, 8, PNG_COLOR_TYPE_GRAY, Bytes(63)};
    for (size_t i = 0; i < 63; ++i) draft.rows[i] = static_cast<uint8_t>(i * 4);
    const Bytes expected = draft.rows;
    draft.interlace = PNG_INTERLACE_ADAM7;
    EXPECT_EQ(pixels(draft, 1), expected);
}

TEST(Png, refuses_what_is_cut_or_damaged)
{
    Draft draft{16, 16, 8, PNG_COLOR_TYPE_RGB, Bytes(768)};
    for (size_t i = 0; i < 768; ++i) draft.rows[i] = static_cast<uint8_t>(i * 37);
    const Bytes whole = write(draft);
    for (size_t size = 0; size < whole.size(); size += 5)
        EXPECT_THROW(parse_png(std::span(whole).first(size), "a.png"), Error) << size;
    Bytes damaged = whole;
    damaged[whole.size() / 2] ^= 0x10;
    EXPECT_THROW(parse_png(damaged, "a.png"), Error);
    EXPECT_THROW(parse_png(write({4097, 1, 8, PNG_COLOR_TYPE_GRAY, Bytes(4097)}), "a.png"), Error);
}

}  // namespace
}  // namespace thimble
