// Reader of a FlexBuffers map of scalars and strings: what custom operators and StableHLO
// composites carry as options.
//
// FlexBuffers has no schema: every value carries its type and its width (1, 2, 4 or 8 bytes). The
// file ends with the root value, its packed type (type << 2 | log2 width) and its own width in
// bytes. Offsets count backwards from their own place. A map of n entries at place p with width w:
//
//   p - 3w: key vector offset | p - 2w: key vector width | p - w: n | p: n values | n packed types
//
// The key vector holds n offsets to NUL-ended names, sorted. Integers, floats and bools lie inline
// in the map's width; the width in their packed type says nothing then. Strings, vectors and
// indirect scalars are offsets. Tested by tests/unit/formats/flexbuffers_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thimble {

// The bytes of a map of integers.
std::vector<uint8_t> write_flex_map(const std::vector<std::pair<std::string, int64_t>>& entries);

class FlexMap {
public:
    FlexMap() = default;  // without entries

    // Throws T0104 when the bytes are malformed or the root is not a map; `place` stands in errors
    // here and in the readers below. No bytes at all give a map without entries.
    static FlexMap read(std::span<const uint8_t> bytes, std::string_view place);

    bool has(std::string_view key) const { return values_.find(key) != values_.end(); }

    // Each throws T0104 when the key is missing, or holds something else. A float that is a whole
    // number is taken as an integer, an integer as a float, 0 and 1 as bools.
    int64_t i64(std::string_view key) const;
    double f64(std::string_view key) const;
    bool boolean(std::string_view key) const;
    std::string string(std::string_view key) const;

    // The same with a default for a missing key.
    int64_t i64(std::string_view key, int64_t default_value) const;
    double f64(std::string_view key, double default_value) const;
    bool boolean(std::string_view key, bool default_value) const;
    std::string string(std::string_view key, std::string_view default_value) const;

private:
    enum class Kind { integer, floating, string, other };
    struct Value {
        Kind kind = Kind::other;  // other: a vector, map or blob, which is not read
        int64_t integer = 0;
        double floating = 0;
        std::string text;
    };
    friend class FlexReader;
    const Value& at(std::string_view key) const;
    [[noreturn]] void fail_kind(std::string_view key, std::string_view expected) const;

    std::string place_;
    std::map<std::string, Value, std::less<>> values_;
};

}  // namespace thimble
