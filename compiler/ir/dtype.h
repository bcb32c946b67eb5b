// Element types of tensors.
#pragma once

#include <cstdint>
#include <string_view>

namespace thimble {

// In the IR every element of a tensor takes element_bytes(type) bytes; i4 is one signed byte
// in [-8, 7] (files pack two a byte; the reader unpacks, lowering packs again).
enum class DType : uint8_t {
    f32,
    f16,
    f64,
    i4,
    i8,
    u8,
    i16,
    u16,
    i32,
    u32,
    i64,
    u64,
    boolean,
    resource,
    string,
    other
};

constexpr int64_t element_bytes(DType type)
{
    switch (type) {
    case DType::f64: case DType::i64: case DType::u64: return 8;
    case DType::f32: case DType::i32: case DType::u32: return 4;
    case DType::f16: case DType::i16: case DType::u16: return 2;
    default: return 1;
    }
}

// Lower-case name for people: "int8", "float32".
constexpr std::string_view dtype_name(DType type)
{
    constexpr std::string_view names[] = {
        "float32", "float16", "float64", "int4",   "int8", "uint8",    "int16",  "uint16",
        "int32",   "uint32",  "int64",   "uint64", "bool", "resource", "string", "other"};
    return names[static_cast<int>(type)];
}

// Type of one element in generated C. float16 is kept as its bits.
constexpr std::string_view dtype_c_name(DType type)
{
    constexpr std::string_view names[] = {
        "float",   "uint16_t", "double",  "int8_t",   "int8_t",  "uint8_t", "int16_t", "uint16_t",
        "int32_t", "uint32_t", "int64_t", "uint64_t", "uint8_t", "uint8_t", "uint8_t", "uint8_t"};
    return names[static_cast<int>(type)];
}

constexpr bool is_float(DType type)
{
    return type == DType::f32 || type == DType::f16 || type == DType::f64;
}
constexpr bool is_integer(DType type) { return type >= DType::i4 && type <= DType::u64; }

// DType of a C++ type.
template <typename T> constexpr DType dtype_of();
template <> constexpr DType dtype_of<float>() { return DType::f32; }
template <> constexpr DType dtype_of<double>() { return DType::f64; }
template <> constexpr DType dtype_of<int8_t>() { return DType::i8; }
template <> constexpr DType dtype_of<uint8_t>() { return DType::u8; }
template <> constexpr DType dtype_of<int16_t>() { return DType::i16; }
template <> constexpr DType dtype_of<uint16_t>() { return DType::u16; }
template <> constexpr DType dtype_of<int32_t>() { return DType::i32; }
template <> constexpr DType dtype_of<uint32_t>() { return DType::u32; }
template <> constexpr DType dtype_of<int64_t>() { return DType::i64; }
template <> constexpr DType dtype_of<uint64_t>() { return DType::u64; }

}  // namespace thimble
