#include "formats/npy.h"

#include "base/error.h"
#include "base/file.h"
#include "formats/printable.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>

namespace thimble {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;  // of the data, as numpy.save pads it
constexpr std::string_view kTypes[] = {"f4", "f8", "i1", "i2", "i4", "i8",
                                       "u1", "u2", "u4", "u8", "b1"};
constexpr std::string_view kSaveAgain = "save it again with numpy.save(FILE, array)";

[[noreturn]] void fail_npy(std::string_view file, std::string found, std::string expected,
                           std::string_view remedy = kSaveAgain)
{
    fail(ErrorCode::T0105, {std::string(file), std::move(found), std::move(expected),
                            std::string(remedy)});
}

// Scans the header, a Python dictionary of a string, a bool and a tuple of integers.
class HeaderScanner {
public:
    HeaderScanner(std::string_view text, std::string_view file) : text_(text), file_(file) {}

    struct Header {
        std::string descr;
        bool fortran_order = false;
        std::vector<int64_t> shape;
    };

    Header scan()
    {
        Header header;
        bool has_descr = false;
        bool has_order = false;
        bool has_shape = false;
        expect('{');
        while (!accept('}')) {
            const std::string key = scan_string();
            expect(':');
            if (key == "descr") {
                has_descr = true;
                header.descr = scan_descr();
            } else if (key == "fortran_order") {
                has_order = true;
                header.fortran_order = scan_bool();
            } else if (key == "shape") {
                has_shape = true;
                header.shape = scan_shape();
            } else {
                fail_header();
            }
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skip_space();
        if (!text_.empty() || !has_descr || !has_order || !has_shape) fail_header();
        return header;
    }

private:
    [[noreturn]] void fail_header() const
    {
        fail_npy(file_, "a header that is not understood",
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
    }

    void skip_space()
    {
        while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
    }

    bool accept(char wanted)
    {
        skip_space();
        if (text_.empty() || text_[0] != wanted) return false;
        text_.remove_prefix(1);
        return true;
    }

    void expect(char wanted)
    {
        if (!accept(wanted)) fail_header();
    }

    bool accept_word(std::string_view word)
    {
        skip_space();
        if (!text_.starts_with(word)) return false;
        text_.remove_prefix(word.size());
        return true;
    }

    std::string scan_string()
    {
        skip_space();
        if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) fail_header();
        const size_t end = text_.find(text_[0], 1);
        if (end == std::string_view::npos) fail_header();
        std::string result(text_.substr(1, end - 1));
        text_.remove_prefix(end + 1);
        return result;
    }

    std::string scan_descr()
    {
        skip_space();
        if (text_.starts_with("[")) {
            fail_npy(file_, "a structured array", "an array of plain numbers",
                     "save one field: numpy.save(FILE, array['field'])");
        }
        return scan_string();
    }

    bool scan_bool()
    {
        if (accept_word("True")) return true;
        if (!accept_word("False")) fail_header();
        return false;
    }

    std::vector<int64_t> scan_shape()
    {
        std::vector<int64_t> shape;
        expect('(');
        while (!accept(')')) {
            skip_space();
            int64_t dimension = 0;
            const auto [end, error] =
                std::from_chars(text_.data(), text_.data() + text_.size(), dimension);
            if (error != std::errc() || dimension < 0) fail_header();
            text_.remove_prefix(static_cast<size_t>(end - text_.data()));
            accept('L');  // Python 2 wrote long integers so.
            shape.push_back(dimension);
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
        return shape;
    }

    std::string_view text_;
    std::string_view file_;
};

// '<f4' -> "f4", refusing what is not in the list.
std::string plain_type(std::string_view descr, std::string_view file)
{
    const std::string_view type = descr.empty() ? descr : descr.substr(1);
    const std::string expected = fmt::format("one of {}", fmt::join(kTypes, " "));
    if (npy_element_bytes(type) == 0) {
        fail_npy(file, fmt::format("elements of type '{}'", printable(descr)), expected,
                 "save it again with numpy.save(FILE, array.astype('f4'))");
    }
    const char order = descr[0];
    if (order == '>' && npy_element_bytes(type) > 1) {
        fail_npy(file, fmt::format("big-endian elements, '{}'", descr), "little-endian ones",
                 fmt::format("save it again with numpy.save(FILE, array.astype('<{}'))", type));
    }
    if (order != '<' && order != '|' && order != '=' && order != '>') {
        fail_npy(file, fmt::format("elements of type '{}'", printable(descr)), expected);
    }
    return std::string(type);
}

// Bytes of the array, or -1 when there are more than 2^63.
int64_t array_bytes(std::string_view dtype, const std::vector<int64_t>& shape)
{
    int64_t bytes = npy_element_bytes(dtype);
    const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
    for (int64_t dimension : shape) {
        if (__builtin_mul_overflow(bytes, std::max<int64_t>(dimension, 1), &bytes)) return -1;
    }
    return empty ? 0 : bytes;
}

}  // namespace

int64_t npy_element_bytes(std::string_view dtype)
{
    if (std::find(std::begin(kTypes), std::end(kTypes), dtype) == std::end(kTypes)) return 0;
    return dtype[1] - '0';
}

NpyArray parse_npy(std::span<const uint8_t> bytes, std::string_view file_name)
{
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (bytes.size() < 10 || !text.starts_with(kMagic)) {
        fail_npy(file_name, fmt::format("{} bytes without the mark of a .npy file", bytes.size()),
                 "a NumPy array file");
    }
    const int major = bytes[6];
    if (major < 1 || major > 3) {
        fail_npy(file_name, fmt::format("format version {}", major), "version 1, 2 or 3");
    }
    const size_t length_bytes = major == 1 ? 2 : 4;
    if (bytes.size() < 8 + length_bytes) fail_npy(file_name, "a cut header", "a complete file");
    size_t header_bytes = 0;
    for (size_t i = 0; i < length_bytes; ++i) {
        header_bytes |= static_cast<size_t>(bytes[8 + i]) << (8 * i);
    }
    const size_t header_begin = 8 + length_bytes;
    if (header_bytes > bytes.size() - header_begin) {
        fail_npy(file_name, "a cut header", "a complete file");
    }
    const auto header =
        HeaderScanner(text.substr(header_begin, header_bytes), file_name).scan();
    NpyArray array;
    array.dtype = plain_type(header.descr, file_name);
    array.shape = header.shape;
    if (header.fortran_order && array.shape.size() > 1) {
        fail_npy(file_name, "elements in Fortran order", "C order (last axis fastest)",
                 "save it again with numpy.save(FILE, numpy.ascontiguousarray(array))");
    }
    const std::span<const uint8_t> data = bytes.subspan(header_begin + header_bytes);
    const int64_t needed = array_bytes(array.dtype, array.shape);
    if (needed != static_cast<int64_t>(data.size())) {
        fail_npy(file_name, fmt::format("{} bytes of data", data.size()),
                 needed < 0 ? "a shape that fits a computer"
                            : fmt::format("{} for {} [{}]", needed, array.dtype,
                                          fmt::join(array.shape, ", ")));
    }
    array.bytes.assign(data.begin(), data.end());
    return array;
}

NpyArray read_npy(const std::filesystem::path& path)
{
    return parse_npy(read_file(path), path.string());
}

std::vector<uint8_t> format_npy(const NpyArray& array)
{
    THIMBLE_CHECK(npy_element_bytes(array.dtype) > 0, "the element type is one of npy.h's list");
    THIMBLE_CHECK(array_bytes(array.dtype, array.shape) == static_cast<int64_t>(array.bytes.size()),
                  "the data have the size of the shape");
    const char order = npy_element_bytes(array.dtype) == 1 ? '|' : '<';
    // A tuple of one element needs its comma.
    const std::string shape = fmt::format("({}{})", fmt::join(array.shape, ", "),
                                          array.shape.size() == 1 ? "," : "");
    std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                     order, array.dtype, shape);
    const size_t used = kMagic.size() + 4 + header.size() + 1;
    header.append((kAlignment - used % kAlignment) % kAlignment, ' ');
    header += '\n';
    THIMBLE_CHECK(header.size() < 65536, "a shape of fewer than thousands of axes");
    std::string head(kMagic);
    head += {1, 0, static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
    head += header;
    std::vector<uint8_t> result(head.begin(), head.end());
    result.insert(result.end(), array.bytes.begin(), array.bytes.end());
    return result;
}

void write_npy(const std::filesystem::path& path, const NpyArray& array)
{
    write_file(path, format_npy(array));
}

}  // namespace thimble
