#include "formats/flat_table.h"

#include "base/error.h"

#include <bit>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

static_assert(std::endian::native == std::endian::little, "values are copied without swapping");

namespace {

// What a table or its place in a vector takes at least, with our own struct for it in mind: bounds
// the memory that a file with many offsets to one table can make us use.
constexpr uint64_t kTableCharge = 64;
// A file without shared parts stays below 1 times its size; writers share strings and vectors.
constexpr uint64_t kReadBytesPerFileByte = 8;
constexpr uint64_t kReadBytesAlways = 1 << 20;

constexpr std::string_view kRemedy = "export the model again, or fetch the file again";

[[noreturn]] void fail_malformed(const std::string& place, std::string found, std::string expected)
{
    fail(ErrorCode::T0104, {place, std::move(found), std::move(expected), std::string(kRemedy)});
}

// Throws unless the `width` bytes from `begin` lie inside the file.
void require_inside(const FlatFile& file, uint64_t begin, uint64_t width, const std::string& place,
                    std::string_view what)
{
    const uint64_t size = file.bytes->size();
    if (begin <= size && width <= size - begin) return;
    fail_malformed(place, fmt::format("{} of {} bytes at offset {}", what, width, begin),
                   fmt::format("an extent inside the file's {} bytes", size));
}

template <typename T>
T read_at(const FlatFile& file, uint64_t begin)
{
    T value;
    std::memcpy(&value, file.bytes->data() + begin, sizeof(T));
    return value;
}

}  // namespace

FlatTable::FlatTable(std::shared_ptr<const FlatFile> file, uint64_t begin, std::string place)
    : file_(std::move(file)), begin_(begin), place_(std::move(place))
{
    require_inside(*file_, begin_, 4, place_, "table head");
    const int64_t vtable = static_cast<int64_t>(begin_) - read_at<int32_t>(*file_, begin_);
    if (vtable < 0) {
        fail_malformed(place_, "vtable before the begin of the file", "a vtable inside the file");
    }
    vtable_begin_ = static_cast<uint64_t>(vtable);
    require_inside(*file_, vtable_begin_, 4, place_, "vtable head");
    vtable_bytes_ = read_at<uint16_t>(*file_, vtable_begin_);
    table_bytes_ = read_at<uint16_t>(*file_, vtable_begin_ + 2);
    if (vtable_bytes_ < 4 || vtable_bytes_ % 2 != 0 || table_bytes_ < 4) {
        fail_malformed(place_, fmt::format("vtable of {} bytes for a table of {}", vtable_bytes_,
                                           table_bytes_),
                       "an even number of at least 4, and at least 4");
    }
    require_inside(*file_, vtable_begin_, vtable_bytes_, place_, "vtable");
    require_inside(*file_, begin_, table_bytes_, place_, "table");
}

FlatTable FlatTable::root(std::shared_ptr<const std::vector<uint8_t>> bytes,
                          std::string_view file_name)
{
    auto file = std::make_shared<FlatFile>();
    file->bytes = std::move(bytes);
    file->name = file_name;
    require_inside(*file, 0, 4, file->name, "root offset");
    const uint64_t begin = read_at<uint32_t>(*file, 0);
    std::string place = file->name;
    return FlatTable(std::move(file), begin, std::move(place));
}

std::string FlatTable::place(FlatField field) const
{
    if (field.name.empty()) return fmt::format("{}: field {}", place_, field.number);
    return fmt::format("{}: {}", place_, field.name);
}

// The offset of the field's bytes in the file, or 0 when it is absent.
uint64_t FlatTable::field_begin(FlatField field, uint64_t width) const
{
    const uint64_t entry = 4 + 2 * static_cast<uint64_t>(field.number);
    if (file_ == nullptr || entry + 2 > vtable_bytes_) return 0;
    const uint64_t offset = read_at<uint16_t>(*file_, vtable_begin_ + entry);
    if (offset == 0) return 0;
    if (offset < 4 || offset + width > table_bytes_) {
        fail_malformed(place(field),
                       fmt::format("{} bytes at offset {} of its table", width, offset),
                       fmt::format("a place inside the table's {} bytes", table_bytes_));
    }
    return begin_ + offset;
}

// The position that the offset stored at `offset_begin` points to.
uint64_t FlatTable::follow(uint64_t offset_begin, const std::string& place) const
{
    const uint64_t offset = read_at<uint32_t>(*file_, offset_begin);
    if (offset == 0) fail_malformed(place, "an offset of 0", "an offset to a later place");
    return offset_begin + offset;
}

FlatTable::Extent FlatTable::extent(FlatField field, uint64_t element_bytes) const
{
    const uint64_t at = field_begin(field, 4);
    if (at == 0) return {};
    const std::string where = place(field);
    const uint64_t begin = follow(at, where);
    require_inside(*file_, begin, 4, where, "vector head");
    const uint64_t count = read_at<uint32_t>(*file_, begin);
    // count < 2^32 and element_bytes <= 8: the product cannot overflow 64 bits.
    require_inside(*file_, begin + 4, count * element_bytes, where, "vector");
    return {begin + 4, count};
}

void FlatTable::charge(uint64_t bytes, const std::string& place) const
{
    file_->read_bytes += bytes;
    const uint64_t limit = kReadBytesPerFileByte * file_->bytes->size() + kReadBytesAlways;
    if (file_->read_bytes <= limit) return;
    fail_malformed(place, fmt::format("parts of the file used again and again, {} bytes in total",
                                      file_->read_bytes),
                   fmt::format("at most {} for a file of {}", limit, file_->bytes->size()));
}

template <typename T>
T FlatTable::scalar(FlatField field, T default_value) const
{
    const uint64_t at = field_begin(field, sizeof(T));
    return at == 0 ? default_value : read_at<T>(*file_, at);
}

bool FlatTable::has(FlatField field) const { return field_begin(field, 1) != 0; }
int8_t FlatTable::i8(FlatField field, int8_t value) const { return scalar(field, value); }
uint8_t FlatTable::u8(FlatField field, uint8_t value) const { return scalar(field, value); }
int32_t FlatTable::i32(FlatField field, int32_t value) const { return scalar(field, value); }
uint32_t FlatTable::u32(FlatField field, uint32_t value) const { return scalar(field, value); }
int64_t FlatTable::i64(FlatField field, int64_t value) const { return scalar(field, value); }
uint64_t FlatTable::u64(FlatField field, uint64_t value) const { return scalar(field, value); }
float FlatTable::f32(FlatField field, float value) const { return scalar(field, value); }

bool FlatTable::boolean(FlatField field, bool value) const
{
    return scalar<uint8_t>(field, value ? 1 : 0) != 0;
}

std::string FlatTable::string_at(uint64_t begin, const std::string& place) const
{
    require_inside(*file_, begin, 4, place, "string head");
    const uint64_t length = read_at<uint32_t>(*file_, begin);
    require_inside(*file_, begin + 4, length, place, "string");
    charge(length, place);
    const uint8_t* first = file_->bytes->data() + begin + 4;
    return std::string(first, first + length);
}

std::string FlatTable::string(FlatField field) const
{
    const uint64_t at = field_begin(field, 4);
    if (at == 0) return {};
    const std::string where = place(field);
    return string_at(follow(at, where), where);
}

FlatTable FlatTable::table(FlatField field) const
{
    const uint64_t at = field_begin(field, 4);
    if (at == 0) return {};
    std::string where = place(field);
    const uint64_t begin = follow(at, where);
    return FlatTable(file_, begin, std::move(where));
}

std::vector<FlatTable> FlatTable::tables(FlatField field, std::string_view element_name) const
{
    const Extent elements = extent(field, 4);
    if (elements.count == 0) return {};
    charge(elements.count * kTableCharge, place(field));
    std::vector<FlatTable> result;
    result.reserve(elements.count);
    for (uint64_t i = 0; i < elements.count; ++i) {
        std::string where = fmt::format("{}: {} {}", place_, element_name, i);
        const uint64_t begin = follow(elements.begin + 4 * i, where);
        result.push_back(FlatTable(file_, begin, std::move(where)));
    }
    return result;
}

std::vector<std::string> FlatTable::strings(FlatField field) const
{
    const Extent elements = extent(field, 4);
    if (elements.count == 0) return {};
    const std::string where = place(field);
    charge(elements.count * kTableCharge, where);
    std::vector<std::string> result;
    result.reserve(elements.count);
    for (uint64_t i = 0; i < elements.count; ++i) {
        result.push_back(string_at(follow(elements.begin + 4 * i, where), where));
    }
    return result;
}

template <typename T>
std::vector<T> FlatTable::vector(FlatField field) const
{
    const Extent elements = extent(field, sizeof(T));
    if (elements.count == 0) return {};
    charge(elements.count * sizeof(T), place(field));
    std::vector<T> result(elements.count);
    std::memcpy(result.data(), file_->bytes->data() + elements.begin, elements.count * sizeof(T));
    return result;
}

template std::vector<int8_t> FlatTable::vector(FlatField) const;
template std::vector<uint8_t> FlatTable::vector(FlatField) const;
template std::vector<int16_t> FlatTable::vector(FlatField) const;
template std::vector<uint16_t> FlatTable::vector(FlatField) const;
template std::vector<int32_t> FlatTable::vector(FlatField) const;
template std::vector<uint32_t> FlatTable::vector(FlatField) const;
template std::vector<int64_t> FlatTable::vector(FlatField) const;
template std::vector<uint64_t> FlatTable::vector(FlatField) const;
template std::vector<float> FlatTable::vector(FlatField) const;

std::span<const uint8_t> FlatTable::bytes(FlatField field) const
{
    const Extent elements = extent(field, 1);
    if (elements.count == 0) return {};
    return std::span(*file_->bytes).subspan(elements.begin, elements.count);
}

}  // namespace thimble
