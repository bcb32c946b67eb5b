// IEEE 754 binary16 to binary32, exactly.
#pragma once

#include <bit>
#include <cstdint>

namespace thimble {

inline float float16_value(uint16_t bits)
{
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
    const uint32_t exponent = bits >> 10 & 31, mantissa = bits & 1023;
    if (exponent == 0) {
        const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    // The exponents' biases are 15 and 127; 31 stands for infinities and what is no number. Whole
    // matrices come through here, again and again: no call, no loop.
    const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

}  // namespace thimble
