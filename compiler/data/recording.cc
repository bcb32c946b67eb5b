#include "data/recording.h"

#include "base/error.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>

namespace thimble {

namespace {

template <typename T>
void append(std::vector<uint8_t>& bytes, T value)
{
    const size_t at = bytes.size();
    bytes.resize(at + sizeof(T));
    std::memcpy(bytes.data() + at, &value, sizeof(T));
}

template <typename T>
bool holds(double value)
{
    return std::trunc(value) == value && value >= double{std::numeric_limits<T>::min()} &&
           value <= double{std::numeric_limits<T>::max()};
}

bool holds(DType type, double value)
{
    switch (type) {
    case DType::i8:
        return holds<int8_t>(value);
    case DType::u8:
        return holds<uint8_t>(value);
    case DType::i16:
        return holds<int16_t>(value);
    case DType::i32:
        return holds<int32_t>(value);
    default:
        return true;
    }
}

void append(std::vector<uint8_t>& bytes, DType type, double value)
{
    switch (type) {
    case DType::i8:
        return append(bytes, static_cast<int8_t>(value));
    case DType::u8:
        return append(bytes, static_cast<uint8_t>(value));
    case DType::i16:
        return append(bytes, static_cast<int16_t>(value));
    case DType::i32:
        return append(bytes, static_cast<int32_t>(value));
    default:
        return append(bytes, static_cast<float>(value));
    }
}

template <typename T>
double load(const std::vector<uint8_t>& bytes, int64_t index)
{
    T value;
    std::memcpy(&value, bytes.data() + static_cast<size_t>(index) * sizeof(T), sizeof(T));
    return static_cast<double>(value);
}

}  // namespace

double Recording::value(int64_t index) const
{
    THIMBLE_CHECK(index >= 0 && index < count(), "index of a recording");
    switch (type) {
    case DType::i8:
        return load<int8_t>(bytes, index);
    case DType::u8:
        return load<uint8_t>(bytes, index);
    case DType::i16:
        return load<int16_t>(bytes, index);
    case DType::i32:
        return load<int32_t>(bytes, index);
    default:
        return load<float>(bytes, index);
    }
}

std::string Recording::place() const
{
    if (first == kWholeFile) return file;
    return has_lines ? fmt::format("{}:{}", file, first) : fmt::format("{}: item {}", file, first);
}

std::string Recording::place_of_row(int64_t row) const
{
    if (first == kWholeFile) return fmt::format("{}: row {}", file, row);
    return has_lines ? fmt::format("{}:{}", file, first + row)
                     : fmt::format("{}: item {}, row {}", file, first, row);
}

const char* part_of(const Recording& recording)
{
    return recording.test ? "test" : recording.validation ? "validation" : "train";
}

void pack_values(const std::vector<double>& values, bool bytes_allowed, Recording& recording)
{
    const auto all = [&](DType type) {
        for (const double value : values)
            if (!holds(type, value)) return false;
        return true;
    };
    recording.type = bytes_allowed && all(DType::u8) ? DType::u8
                     : all(DType::i16)               ? DType::i16
                     : all(DType::i32)               ? DType::i32
                                                     : DType::f32;
    recording.bytes.clear();
    recording.bytes.reserve(values.size() * static_cast<size_t>(element_bytes(recording.type)));
    for (const double value : values) append(recording.bytes, recording.type, value);
}

std::vector<uint8_t> values_as(const Recording& recording, DType type, const char* remedy)
{
    const bool known = type == DType::i8 || type == DType::u8 || type == DType::i16 ||
                       type == DType::i32 || type == DType::f32;
    THIMBLE_CHECK(known, "an element type of recordings");
    if (type == recording.type) return recording.bytes;
    const int64_t count = recording.count();
    const int64_t per_row = recording.rows() > 0 ? count / recording.rows() : 1;
    std::vector<uint8_t> bytes;
    bytes.reserve(static_cast<size_t>(count * element_bytes(type)));
    for (int64_t i = 0; i < count; ++i) {
        const double value = recording.value(i);
        if (!holds(type, value))
            fail(ErrorCode::T0105,
                 {recording.place_of_row(i / per_row), fmt::format("the value {}", value),
                  fmt::format("{}, as they are taken", dtype_name(type)), remedy});
        append(bytes, type, value);
    }
    return bytes;
}

}  // namespace thimble
