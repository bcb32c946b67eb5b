#include "formats/idx.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thimble {

namespace {

constexpr size_t kHeadBytes = 4;
constexpr size_t kRankMax = 8;

std::string_view element_type(uint8_t code)
{
    switch (code) {
    case 0x08: return "u1";
    case 0x09: return "i1";
    case 0x0B: return "i2";
    case 0x0C: return "i4";
    case 0x0D: return "f4";
    case 0x0E: return "f8";
    default: return "";
    }
}

[[noreturn]] void fail_idx(std::string_view file, std::string found, std::string expected,
                           std::string remedy = "download or export the file again")
{
    fail(ErrorCode::T0105,
         {std::string(file), std::move(found), std::move(expected), std::move(remedy)});
}

uint32_t big_endian(std::span<const uint8_t> bytes, size_t at)
{
    return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 |
           uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

}  // namespace

bool is_idx_name(std::string_view file_name)
{
    const std::string name = lower_case(file_name);
    const size_t at = name.rfind("idx");
    if (at == std::string::npos || at == 0 || at + 3 >= name.size()) return false;
    const bool parted = name[at - 1] == '-' || name[at - 1] == '.';
    return parted && name[at + 3] >= '1' && name[at + 3] <= '9' &&
           (at + 4 == name.size() || name.substr(at + 4) == "-ubyte");
}

NpyArray parse_idx(std::span<const uint8_t> bytes, std::string_view file)
{
    const bool compressed = bytes.size() > 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
    if (compressed) fail_idx(file, "a gzip file", "an IDX file", fmt::format("gunzip {}", file));
    if (bytes.size() < kHeadBytes || bytes[0] != 0 || bytes[1] != 0 ||
        element_type(bytes[2]).empty())
        fail_idx(file, "no IDX header", "0, 0, an element type, the number of axes");
    const size_t rank = bytes[3];
    if (rank < 1 || rank > kRankMax)
        fail_idx(file, fmt::format("{} axes", rank), fmt::format("1 to {} axes", kRankMax));
    const size_t head = kHeadBytes + 4 * rank;
    if (bytes.size() < head)
        fail_idx(file, fmt::format("{} bytes", bytes.size()),
                 fmt::format("{} bytes of header", head));
    NpyArray array;
    array.dtype = element_type(bytes[2]);
    const auto width = static_cast<size_t>(npy_element_bytes(array.dtype));
    const size_t held = (bytes.size() - head) / width;
    size_t count = 1;
    for (size_t axis = 0; axis < rank; ++axis) {
        const size_t size = big_endian(bytes, kHeadBytes + 4 * axis);
        array.shape.push_back(static_cast<int64_t>(size));
        if (size == 0) fail_idx(file, fmt::format("axis {} of size 0", axis), "1 or more");
        count = count > held / size ? held + 1 : count * size;  // beyond the file: too many
    }
    if (bytes.size() - head != count * width)
        fail_idx(file, fmt::format("{} bytes of elements", bytes.size() - head),
                 fmt::format("those of shape [{}], {} bytes each", fmt::join(array.shape, ", "),
                             width));
    array.bytes.assign(bytes.begin() + static_cast<std::ptrdiff_t>(head), bytes.end());
    for (size_t at = 0; width > 1 && at < array.bytes.size(); at += width)
        std::reverse(array.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     array.bytes.begin() + static_cast<std::ptrdiff_t>(at + width));
    return array;
}

NpyArray read_idx(const std::filesystem::path& path)
{
    return parse_idx(read_file(path), path.string());
}

}  // namespace thimble
