#include "formats/flexbuffers.h"

#include "base/error.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <flatbuffers/flexbuffers.h>

namespace thimble {

static_assert(std::endian::native == std::endian::little, "values are copied without swapping");

namespace {

// Type codes of FlexBuffers, as far as a map of scalars and strings needs them.
enum FlexType {
    kNull = 0,
    kInt = 1,
    kUint = 2,
    kFloat = 3,
    kKey = 4,
    kString = 5,
    kIndirectInt = 6,
    kIndirectUint = 7,
    kIndirectFloat = 8,
    kMap = 9,
    kBool = 26,
};

}  // namespace

// Reads one buffer; every position is checked before it is used.
class FlexReader {
public:
    FlexReader(std::span<const uint8_t> bytes, std::string place)
        : bytes_(bytes), place_(std::move(place))
    {
    }

    void read_root(FlexMap& map) const
    {
        if (bytes_.size() < 3) fail_at("fewer than 3 bytes");
        const uint64_t width = bytes_.back();
        const int type = bytes_[bytes_.size() - 2] >> 2;
        const uint64_t child_width = uint64_t{1} << (bytes_[bytes_.size() - 2] & 3);
        require_width(width);
        if (type != kMap) fail_at(fmt::format("a root of type {}", type));
        if (bytes_.size() < 2 + width) fail_at("a root that begins before the bytes");
        read_map(follow(bytes_.size() - 2 - width, width), child_width, map);
    }

private:
    [[noreturn]] void fail_at(std::string found) const
    {
        fail(ErrorCode::T0104, {place_, "options with " + std::move(found),
                                "a FlexBuffers map of numbers and strings",
                                "export the model again, or fetch the file again"});
    }

    void require_width(uint64_t width) const
    {
        if (width != 1 && width != 2 && width != 4 && width != 8) {
            fail_at(fmt::format("a width of {} bytes", width));
        }
    }

    uint64_t unsigned_at(uint64_t begin, uint64_t width) const
    {
        if (begin > bytes_.size() || width > bytes_.size() - begin) {
            fail_at(fmt::format("{} bytes at offset {} of {}", width, begin, bytes_.size()));
        }
        uint64_t value = 0;
        std::memcpy(&value, bytes_.data() + begin, width);
        return value;
    }

    int64_t signed_at(uint64_t begin, uint64_t width) const
    {
        const int unused_bits = 64 - 8 * static_cast<int>(width);
        return static_cast<int64_t>(unsigned_at(begin, width) << unused_bits) >> unused_bits;
    }

    double float_at(uint64_t begin, uint64_t width) const
    {
        const uint64_t bits = unsigned_at(begin, width);
        if (width == 8) return std::bit_cast<double>(bits);
        if (width == 4) return std::bit_cast<float>(static_cast<uint32_t>(bits));
        fail_at(fmt::format("a float of {} bytes", width));
    }

    uint64_t follow(uint64_t begin, uint64_t width) const
    {
        const uint64_t offset = unsigned_at(begin, width);
        if (offset > begin) fail_at(fmt::format("an offset of {} at {}", offset, begin));
        return begin - offset;
    }

    std::string key_at(uint64_t begin) const
    {
        uint64_t end = begin;
        while (unsigned_at(end, 1) != 0) ++end;
        return std::string(bytes_.begin() + static_cast<ptrdiff_t>(begin),
                           bytes_.begin() + static_cast<ptrdiff_t>(end));
    }

    // Length-prefixed, the length in the width of the string's own type.
    std::string string_at(uint64_t begin, uint64_t width) const
    {
        if (begin < width) fail_at("a string without a length");
        const uint64_t length = unsigned_at(begin - width, width);
        if (length > bytes_.size() - begin) fail_at(fmt::format("a string of {} bytes", length));
        return std::string(bytes_.begin() + static_cast<ptrdiff_t>(begin),
                           bytes_.begin() + static_cast<ptrdiff_t>(begin + length));
    }

    FlexMap::Value value_at(uint64_t begin, uint64_t width, uint8_t packed_type) const
    {
        const int type = packed_type >> 2;
        const uint64_t own_width = uint64_t{1} << (packed_type & 3);
        FlexMap::Value value;
        switch (type) {
            case kNull:
            case kBool:
            case kUint:
            case kInt:
            case kIndirectInt:
            case kIndirectUint: {
                value.kind = FlexMap::Kind::integer;
                const bool indirect = type == kIndirectInt || type == kIndirectUint;
                const uint64_t from = indirect ? follow(begin, width) : begin;
                const uint64_t bytes = indirect ? own_width : width;
                const bool is_signed = type == kInt || type == kIndirectInt;
                value.integer = is_signed ? signed_at(from, bytes)
                                          : static_cast<int64_t>(unsigned_at(from, bytes));
                break;
            }
            case kFloat:
                value.kind = FlexMap::Kind::floating;
                value.floating = float_at(begin, width);
                break;
            case kIndirectFloat:
                value.kind = FlexMap::Kind::floating;
                value.floating = float_at(follow(begin, width), own_width);
                break;
            case kKey:
                value.kind = FlexMap::Kind::string;
                value.text = key_at(follow(begin, width));
                break;
            case kString:
                value.kind = FlexMap::Kind::string;
                value.text = string_at(follow(begin, width), own_width);
                break;
            default:
                break;
        }
        return value;
    }

    void read_map(uint64_t begin, uint64_t width, FlexMap& map) const
    {
        if (begin < 3 * width) fail_at("a map without a head");
        const uint64_t count = unsigned_at(begin - width, width);
        const uint64_t key_width = unsigned_at(begin - 2 * width, width);
        require_width(key_width);
        const uint64_t keys = follow(begin - 3 * width, width);
        // One packed type of one byte stands behind each value.
        if (count > (bytes_.size() - begin) / (width + 1)) {
            fail_at(fmt::format("a map of {} entries", count));
        }
        uint64_t text_bytes = 0;
        for (uint64_t i = 0; i < count; ++i) {
            std::string key = key_at(follow(keys + i * key_width, key_width));
            const auto type = static_cast<uint8_t>(unsigned_at(begin + count * width + i, 1));
            FlexMap::Value value = value_at(begin + i * width, width, type);
            // Keys and strings may share bytes; a well-formed map shares little.
            text_bytes += key.size() + value.text.size();
            if (text_bytes > 8 * bytes_.size()) fail_at("texts that overlap again and again");
            map.values_.insert_or_assign(std::move(key), std::move(value));
        }
    }

    std::span<const uint8_t> bytes_;
    std::string place_;
};

FlexMap FlexMap::read(std::span<const uint8_t> bytes, std::string_view place)
{
    FlexMap map;
    map.place_ = place;
    if (!bytes.empty()) FlexReader(bytes, map.place_).read_root(map);
    return map;
}

const FlexMap::Value& FlexMap::at(std::string_view key) const
{
    const auto found = values_.find(key);
    if (found == values_.end()) {
        fail(ErrorCode::T0104, {place_, fmt::format("options without '{}'", key),
                                fmt::format("a value for '{}'", key), "export the model again"});
    }
    return found->second;
}

void FlexMap::fail_kind(std::string_view key, std::string_view expected) const
{
    fail(ErrorCode::T0104, {place_, fmt::format("option '{}' is something else", key),
                            std::string(expected), "export the model again"});
}

int64_t FlexMap::i64(std::string_view key) const
{
    const Value& value = at(key);
    if (value.kind == Kind::integer) return value.integer;
    const bool fits = value.kind == Kind::floating && std::abs(value.floating) < 0x1p53;
    if (!fits || value.floating != std::trunc(value.floating)) fail_kind(key, "an integer");
    return static_cast<int64_t>(value.floating);
}

double FlexMap::f64(std::string_view key) const
{
    const Value& value = at(key);
    if (value.kind == Kind::integer) return static_cast<double>(value.integer);
    if (value.kind != Kind::floating) fail_kind(key, "a number");
    return value.floating;
}

bool FlexMap::boolean(std::string_view key) const
{
    const Value& value = at(key);
    if (value.kind != Kind::integer || value.integer < 0 || value.integer > 1) {
        fail_kind(key, "true or false");
    }
    return value.integer == 1;
}

std::string FlexMap::string(std::string_view key) const
{
    const Value& value = at(key);
    if (value.kind != Kind::string) fail_kind(key, "a text");
    return value.text;
}

int64_t FlexMap::i64(std::string_view key, int64_t default_value) const
{
    return has(key) ? i64(key) : default_value;
}

double FlexMap::f64(std::string_view key, double default_value) const
{
    return has(key) ? f64(key) : default_value;
}

bool FlexMap::boolean(std::string_view key, bool default_value) const
{
    return has(key) ? boolean(key) : default_value;
}

std::string FlexMap::string(std::string_view key, std::string_view default_value) const
{
    return has(key) ? string(key) : std::string(default_value);
}

std::vector<uint8_t> write_flex_map(const std::vector<std::pair<std::string, int64_t>>& entries)
{
    flexbuffers::Builder builder;
    builder.Map([&] {
        for (const auto& [key, value] : entries) builder.Int(key.c_str(), value);
    });
    builder.Finish();
    return builder.GetBuffer();
}

}  // namespace thimble
