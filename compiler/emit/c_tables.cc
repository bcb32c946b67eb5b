#include "emit/c_tables.h"

#include "base/error.h"
#include "ops/lower.h"

#include <cstring>
#include <fmt/format.h>
#include <iterator>

namespace thimble {

namespace {

constexpr size_t kStringLiteralMin =
    4096;  // bytes from which a string literal is shorter to compile

template <typename T> T element(const Table& table, size_t i)
{
    T value;
    std::memcpy(&value, table.bytes.data() + i * sizeof(T), sizeof(T));
    return value;
}

template <typename T> void append_numbers(std::string& out, const Table& table)
{
    const size_t count = table.bytes.size() / sizeof(T);
    std::string line = "   ";
    for (size_t i = 0; i < count; ++i) {
        const T value = element<T>(table, i);
        if constexpr (std::is_same_v<T, float>) {
            line += " " + c_literal(value) + ",";
        } else if constexpr (std::is_same_v<T, uint32_t>) {
            fmt::format_to(std::back_inserter(line), " {}u,", value);
        } else if constexpr (std::is_same_v<T, uint64_t>) {
            fmt::format_to(std::back_inserter(line), " UINT64_C({}),", value);
        } else {
            line += " " + c_literal(static_cast<int64_t>(value)) + ",";
        }
        if (line.size() > 96) {
            out += line + "\n";
            line = "   ";
        }
    }
    if (line.size() > 3) out += line + "\n";
}

// Three octal digits need no care for what follows them.
void append_string(std::string& out, const Table& table)
{
    constexpr size_t kBytesPerLine = 32;
    for (size_t i = 0; i < table.bytes.size(); i += kBytesPerLine) {
        out += "    \"";
        for (size_t j = i; j < std::min(i + kBytesPerLine, table.bytes.size()); ++j)
            fmt::format_to(std::back_inserter(out), "\\{:03o}", table.bytes[j]);
        out += "\"\n";
    }
}

}  // namespace

std::string one_line(std::string text)
{
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 32 || c == '\\') c = ' ';
    if (text.size() > 80) text = text.substr(0, 77) + "...";
    return text;
}

std::string c_table(const Table& table, const std::string& name)
{
    const std::string& type = table.c_type;
    std::string out = fmt::format("// {}\n", one_line(table.purpose));
    const bool bytes = type == "int8_t" || type == "uint8_t";
    if (bytes && table.bytes.size() >= kStringLiteralMin) {
        // C++ wants room for the closing zero.
        out +=
            fmt::format("static const {} {}[{}] THB_TABLE =\n", type, name, table.bytes.size() + 1);
        append_string(out, table);
        return out + "    ;\n\n";
    }
    out += fmt::format("static const {} {}[] THB_TABLE = {{\n", type, name);
    if (type == "int8_t") append_numbers<int8_t>(out, table);
    else if (type == "uint8_t") append_numbers<uint8_t>(out, table);
    else if (type == "int16_t") append_numbers<int16_t>(out, table);
    else if (type == "uint16_t") append_numbers<uint16_t>(out, table);
    else if (type == "int32_t") append_numbers<int32_t>(out, table);
    else if (type == "uint32_t") append_numbers<uint32_t>(out, table);
    else if (type == "int64_t") append_numbers<int64_t>(out, table);
    else if (type == "uint64_t") append_numbers<uint64_t>(out, table);
    else if (type == "float") append_numbers<float>(out, table);
    else THIMBLE_CHECK(false, "no C table of " + type);
    if (table.bytes.empty()) out += "    0\n";
    return out + "};\n\n";
}

}  // namespace thimble
