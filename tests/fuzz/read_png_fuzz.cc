// libFuzzer target: parse_png() on arbitrary bytes ends with pixels or an Error. Run it with
// tests/fuzz/run_fuzz.sh.
#include "base/error.h"
#include "formats/png.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    try {
        const thimble::Image image = thimble::parse_png(std::span(data, size), "fuzz.png");
        const auto pixels =
            static_cast<size_t>(image.height * image.width * image.channels);
        if (pixels != image.pixels.size()) __builtin_trap();
        volatile uint8_t sink = 0;
        for (const uint8_t pixel : image.pixels) sink = static_cast<uint8_t>(sink + pixel);
    } catch (const thimble::Error&) {
    }
    return 0;
}
