// A bounds-checked, read-only view of a FlatBuffers file.
//
// FlatBuffers stores a tree of tables. A table begins with a signed offset back to its vtable; the
// vtable lists, by field number, where in the table each field lies (0 = absent, the default
// holds). Strings, vectors and sub-tables are reached through unsigned offsets from their field.
//
//   file:    u32 root offset | 4 bytes identifier | ...
//   table:   i32 (table position - vtable position) | fields ...
//   vtable:  u16 vtable bytes | u16 table bytes | u16 field offset ...
//   vector:  u32 count | elements           string: a vector of bytes
//
// Nothing in the file is believed: every access checks that it stays inside, and throws T0104 with
// the path of the field ("model.tflite: subgraph 0: tensor 7: shape"). Values are copied out, never
// reached by a cast pointer. Because offsets may point to the same bytes again and
// again, a small file can describe a huge tree; FlatFile therefore limits how much is copied out in
// total to a small multiple of the file's size.
//
// Tested by tests/unit/formats/flat_table_test.cc and the fuzz target read_tflite_fuzz.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

// A field's number in its table, and its name for error messages.
struct FlatField {
    constexpr FlatField(int field_number, std::string_view field_name = "")
        : number(field_number), name(field_name)
    {
    }
    int number;
    std::string_view name;  // of static storage
};

// The bytes of one file, kept alive by every table that looks into them.
struct FlatFile {
    std::shared_ptr<const std::vector<uint8_t>> bytes;
    std::string name;               // for error messages
    mutable uint64_t read_bytes = 0;  // copied out of vectors and strings so far
};

class FlatTable {
public:
    // A table without fields: has() is false, every reader gives its default.
    FlatTable() = default;

    // The root table of a file, whose place in errors is `file_name`.
    static FlatTable root(std::shared_ptr<const std::vector<uint8_t>> bytes,
                          std::string_view file_name);

    // False for the table without a file that FlatTable() makes.
    bool in_file() const { return file_ != nullptr; }
    bool has(FlatField field) const;

    int8_t i8(FlatField field, int8_t default_value = 0) const;
    uint8_t u8(FlatField field, uint8_t default_value = 0) const;
    int32_t i32(FlatField field, int32_t default_value = 0) const;
    uint32_t u32(FlatField field, uint32_t default_value = 0) const;
    int64_t i64(FlatField field, int64_t default_value = 0) const;
    uint64_t u64(FlatField field, uint64_t default_value = 0) const;
    float f32(FlatField field, float default_value = 0) const;
    bool boolean(FlatField field, bool default_value = false) const;

    // Absent fields give an empty string, vector or span, and a table without fields.
    std::string string(FlatField field) const;
    FlatTable table(FlatField field) const;
    // The elements are named "NAME 0", "NAME 1", ... in the paths of errors.
    std::vector<FlatTable> tables(FlatField field, std::string_view element_name) const;
    std::vector<std::string> strings(FlatField field) const;
    // T is one of the fixed-width integers, or float.
    template <typename T>
    std::vector<T> vector(FlatField field) const;
    // Points into the file: valid while any table of it, or the file's bytes, live.
    std::span<const uint8_t> bytes(FlatField field) const;

    // "FILE: subgraph 0: tensor 7", without and with a field's name.
    const std::string& place() const { return place_; }
    std::string place(FlatField field) const;
    // Names this table more exactly in later errors, e.g. "operator 3 (CONV_2D)".
    void set_place(std::string place) { place_ = std::move(place); }

private:
    struct Extent {
        uint64_t begin = 0;  // of the first element, in the file
        uint64_t count = 0;  // elements; 0 when the field is absent
    };

    FlatTable(std::shared_ptr<const FlatFile> file, uint64_t begin, std::string place);
    uint64_t field_begin(FlatField field, uint64_t width) const;
    uint64_t follow(uint64_t offset_begin, const std::string& place) const;
    Extent extent(FlatField field, uint64_t element_bytes) const;
    std::string string_at(uint64_t begin, const std::string& place) const;
    void charge(uint64_t bytes, const std::string& place) const;
    template <typename T>
    T scalar(FlatField field, T default_value) const;

    std::shared_ptr<const FlatFile> file_;
    uint64_t begin_ = 0;         // of the table, in the file
    uint64_t table_bytes_ = 0;
    uint64_t vtable_begin_ = 0;
    uint64_t vtable_bytes_ = 0;
    std::string place_;
};

}  // namespace thimble
