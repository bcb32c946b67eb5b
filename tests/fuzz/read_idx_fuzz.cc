// libFuzzer target: parse_idx() on arbitrary bytes ends with an array or an Error. Run it with
// tests/fuzz/run_fuzz.sh.
#include "base/error.h"
#include "formats/idx.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    try {
        const thimble::NpyArray array = thimble::parse_idx(std::span(data, size), "fuzz-idx3");
        int64_t count = thimble::npy_element_bytes(array.dtype);
        for (const int64_t axis : array.shape) count *= axis;
        if (count != static_cast<int64_t>(array.bytes.size())) __builtin_trap();
    } catch (const thimble::Error&) {
    }
    return 0;
}
