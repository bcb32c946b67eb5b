#include "formats/printable.h"

#include <cstddef>
#include <cstdint>

namespace thimble {

namespace {

// Bytes of the UTF-8 sequence at the begin of `text`, or 0 when there is no valid one (RFC 3629,
// section 4: no overlong forms, no surrogates, nothing above U+10FFFF).
size_t sequence_bytes(std::string_view text)
{
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    const uint8_t first = byte(0);
    if (first < 0x80) return 1;
    const size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < count) return 0;
    for (size_t i = 1; i < count; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const uint8_t second = byte(1);
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    return count;
}

// C0 controls, DEL, and the C1 controls U+0080 to U+009F, which some terminals obey.
bool is_control(std::string_view sequence)
{
    const auto first = static_cast<uint8_t>(sequence[0]);
    if (first < 0x20 || first == 0x7F) return true;
    return first == 0xC2 && static_cast<uint8_t>(sequence[1]) < 0xA0;
}

}  // namespace

std::string printable(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const size_t count = sequence_bytes(text);
        if (count == 0 || is_control(text.substr(0, count))) {
            result += '?';
        } else {
            result += text.substr(0, count);
        }
        text.remove_prefix(count == 0 ? 1 : count);
    }
    return result;
}

}  // namespace thimble
