// CRC-32 of zlib, PNG and Ethernet: polynomial 0x04C11DB7 reflected (0xEDB88320), initial value and
// final exclusive-or 0xFFFFFFFF. The nine bytes "123456789" give 0xCBF43926.
#pragma once

#include <cstdint>
#include <span>

namespace thimble {

// `previous` is the CRC of the bytes before: crc32(b, crc32(a)) equals crc32 of a followed by b.
uint32_t crc32(std::span<const uint8_t> bytes, uint32_t previous = 0);

}  // namespace thimble
