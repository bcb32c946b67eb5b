// libFuzzer target: parse_wav() on arbitrary bytes ends with samples or an Error, whichever channel
// is wanted. Run it with tests/fuzz/run_fuzz.sh.
#include "base/error.h"
#include "formats/wav.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    volatile int64_t sink = 0;
    for (const int channel : {thimble::kMeanOfChannels, 1}) {
        try {
            int64_t sum = 0;
            for (const int16_t sample :
                 thimble::parse_wav(std::span(data, size), "fuzz.wav", channel).samples)
                sum += sample;
            sink = sum;
        } catch (const thimble::Error&) {
        }
    }
    (void)sink;
    return 0;
}
