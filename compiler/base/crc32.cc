#include "base/crc32.h"

#include <array>

namespace thimble {

namespace {

// table[b] is the CRC register after shifting the byte b through it.
constexpr std::array<uint32_t, 256> make_table()
{
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0u);
        table[byte] = value;
    }
    return table;
}

constexpr std::array<uint32_t, 256> kTable = make_table();

}  // namespace

uint32_t crc32(std::span<const uint8_t> bytes, uint32_t previous)
{
    uint32_t value = ~previous;
    for (uint8_t byte : bytes) value = (value >> 8) ^ kTable[(value ^ byte) & 0xFF];
    return ~value;
}

}  // namespace thimble
