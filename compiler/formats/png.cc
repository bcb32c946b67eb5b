#include "formats/png.h"

#include "base/error.h"
#include "base/file.h"
#include "formats/printable.h"

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <fmt/format.h>
#include <png.h>

namespace thimble {

namespace {

// What the library's callbacks see. It leaves through longjmp, so nothing here has a destructor,
// and functions that call the library own nothing.
struct Decoder {
    const uint8_t* bytes;
    size_t size;
    size_t at;
    char problem[160];
    png_structp png;
    png_infop info;
    uint32_t height;
    uint32_t width;
    bool colour;   // 4 channels, else 2: the last one is alpha
    bool palette;
};

void on_error(png_structp png, png_const_charp text)
{
    auto* decoder = static_cast<Decoder*>(png_get_error_ptr(png));
    std::strncpy(decoder->problem, text, sizeof decoder->problem - 1);
    png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep to, size_t count)
{
    auto* decoder = static_cast<Decoder*>(png_get_io_ptr(png));
    if (count > decoder->size - decoder->at) png_error(png, "the file ends inside of the image");
    std::memcpy(to, decoder->bytes + decoder->at, count);
    decoder->at += count;
}

// Reads the header and asks for 8-bit grey + alpha or RGB + alpha. False: see `problem`.
bool begin(Decoder* decoder)
{
    decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, on_error, on_warning);
    if (!decoder->png) return false;
    decoder->info = png_create_info_struct(decoder->png);
    if (!decoder->info || setjmp(png_jmpbuf(decoder->png))) return false;
    png_set_read_fn(decoder->png, decoder, on_read);
    png_set_user_limits(decoder->png, kImageSideMax, kImageSideMax);
    png_set_chunk_malloc_max(decoder->png, 1 << 20);
    png_read_info(decoder->png, decoder->info);
    decoder->width = png_get_image_width(decoder->png, decoder->info);
    decoder->height = png_get_image_height(decoder->png, decoder->info);
    const png_byte type = png_get_color_type(decoder->png, decoder->info);
    decoder->colour = (type & PNG_COLOR_MASK_COLOR) != 0;
    decoder->palette = type == PNG_COLOR_TYPE_PALETTE;
    png_set_expand(decoder->png);
    png_set_scale_16(decoder->png);
    png_set_add_alpha(decoder->png, 0xFF, PNG_FILLER_AFTER);
    png_set_interlace_handling(decoder->png);
    png_read_update_info(decoder->png, decoder->info);
    const size_t channels = decoder->colour ? 4 : 2;
    if (png_get_rowbytes(decoder->png, decoder->info) != channels * decoder->width)
        png_error(decoder->png, "a combination of colour type and depth that is not known");
    return true;
}

bool read_rows(Decoder* decoder, uint8_t** rows)
{
    if (setjmp(png_jmpbuf(decoder->png))) return false;
    png_read_image(decoder->png, rows);
    png_read_end(decoder->png, nullptr);
    return true;
}

uint8_t over_white(uint8_t colour, uint8_t alpha)
{
    return static_cast<uint8_t>((colour * alpha + 255 * (255 - alpha) + 127) / 255);
}

// Drops alpha, and two channels of three where all pixels are grey in a palette.
Image image_of(const Decoder& decoder, const std::vector<uint8_t>& rows)
{
    const size_t from = decoder.colour ? 4 : 2;
    Image image{decoder.height, decoder.width, decoder.colour ? 3 : 1, {}};
    image.pixels.reserve(rows.size() / from * static_cast<size_t>(image.channels));
    bool grey = decoder.palette;
    for (size_t at = 0; at < rows.size(); at += from) {
        const uint8_t alpha = rows[at + from - 1];
        for (size_t c = 0; c + 1 < from; ++c)
            image.pixels.push_back(over_white(rows[at + c], alpha));
        grey = grey && rows[at] == rows[at + 1] && rows[at] == rows[at + 2];
    }
    if (!grey) return image;
    const size_t pixels = rows.size() / from;
    for (size_t i = 0; i < pixels; ++i) image.pixels[i] = image.pixels[3 * i];
    image.pixels.resize(pixels);
    image.channels = 1;
    return image;
}

}  // namespace

Image parse_png(std::span<const uint8_t> bytes, std::string_view file)
{
    Decoder decoder = {};
    decoder.bytes = bytes.data();
    decoder.size = bytes.size();
    struct Closer {
        Decoder& decoder;
        ~Closer() { png_destroy_read_struct(&decoder.png, &decoder.info, nullptr); }
    } closer{decoder};
    std::vector<uint8_t> pixels;
    std::vector<uint8_t*> rows;
    bool good = begin(&decoder);
    if (good) {
        const size_t row_bytes = size_t{decoder.colour ? 4u : 2u} * decoder.width;
        pixels.resize(row_bytes * decoder.height);
        for (size_t y = 0; y < decoder.height; ++y) rows.push_back(pixels.data() + y * row_bytes);
        good = read_rows(&decoder, rows.data());
    }
    require(good, ErrorCode::T0105,
            {std::string(file), "not a readable PNG: " + printable(decoder.problem),
             fmt::format("a whole PNG image, at most {} x {}", kImageSideMax, kImageSideMax),
             "export the image again"});
    return image_of(decoder, pixels);
}

Image read_png(const std::filesystem::path& path)
{
    return parse_png(read_file(path), path.string());
}

}  // namespace thimble
