// Names, numbers and widths of TensorFlow Lite's operators and element types.
#include "base/error.h"
#include "formats/tflite.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct OperatorRow {
    std::string_view name;
    int options_type;
    int options_2_type;
};

// The .def lists the operators by number without gaps, so that the number is the index.
constexpr OperatorRow kOperators[] = {
#define TFLITE_OPERATOR(number, name, options, options_2) {#name, options, options_2},
#include "formats/tflite_operators.def"
#undef TFLITE_OPERATOR
};
constexpr int kOperatorCount = static_cast<int>(std::size(kOperators));

const OperatorRow* find_operator(int builtin_code)
{
    if (builtin_code < 0 || builtin_code >= kOperatorCount) return nullptr;
    return &kOperators[builtin_code];
}

struct TypeRow {
    std::string_view name;
    int bits;
};

constexpr TypeRow kTypes[] = {
#define TFLITE_TYPE(number, name, enumerator, bits) {#name, bits},
#include "formats/tflite_types.def"
#undef TFLITE_TYPE
};

const TypeRow& type_row(TfliteType type)
{
    const auto index = static_cast<size_t>(type);
    THIMBLE_CHECK(index < std::size(kTypes), "the reader admits only types of the table");
    return kTypes[index];
}

}  // namespace

std::string_view tflite_type_name(TfliteType type) { return type_row(type).name; }
int tflite_type_bits(TfliteType type) { return type_row(type).bits; }

int64_t tflite_data_bytes(TfliteType type, int64_t element_count)
{
    const int bits = tflite_type_bits(type);
    THIMBLE_CHECK(bits > 0, "strings and resources have no element width");
    if (bits >= 8) return element_count * (bits / 8);
    const int64_t per_byte = 8 / bits;
    return element_count / per_byte + (element_count % per_byte != 0 ? 1 : 0);
}

std::string tflite_operator_name(int builtin_code)
{
    const OperatorRow* row = find_operator(builtin_code);
    if (row == nullptr) return fmt::format("BUILTIN_{}", builtin_code);
    return std::string(row->name);
}

int tflite_operator_code(std::string_view name)
{
    for (int code = 0; code < kOperatorCount; ++code) {
        if (kOperators[code].name == name) return code;
    }
    return -1;
}

int tflite_options_type(int builtin_code)
{
    const OperatorRow* row = find_operator(builtin_code);
    return row == nullptr ? 0 : row->options_type;
}

int tflite_options_2_type(int builtin_code)
{
    const OperatorRow* row = find_operator(builtin_code);
    return row == nullptr ? 0 : row->options_2_type;
}

}  // namespace thimble
