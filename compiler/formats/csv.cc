#include "formats/csv.h"

#include "base/error.h"
#include "formats/printable.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text, std::string_view blanks)
{
    const size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Of those that stand outside of quotes on the first line with anything on it.
char likely_delimiter(std::string_view text)
{
    bool quoted = false, comma = false, semicolon = false, tab = false, any = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if ((c == '\n' || c == '\r') && any) break;
        if (quoted) continue;
        comma = comma || c == ',';
        semicolon = semicolon || c == ';';
        tab = tab || (c == '\t' && any);
        any = any || (c != ' ' && c != '\t' && c != '\n' && c != '\r');
    }
    return tab ? '\t' : semicolon ? ';' : ',';
}

}  // namespace

bool CsvRow::blank() const
{
    return std::ranges::all_of(cells, [](const std::string& cell) { return cell.empty(); });
}

CsvReader::CsvReader(std::string_view text, std::string_view file, char delimiter)
    : text_(text), file_(file), delimiter_(delimiter)
{
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    if (delimiter_ == 0) delimiter_ = likely_delimiter(text_);
}

std::string_view CsvReader::next_line()
{
    ++line_;
    const size_t end = text_.find_first_of("\r\n");
    const std::string_view line = text_.substr(0, end);
    if (end == std::string_view::npos) {
        text_ = {};
    } else {
        const bool two = text_[end] == '\r' && end + 1 < text_.size() && text_[end + 1] == '\n';
        text_ = text_.substr(end + (two ? 2 : 1));
    }
    return line;
}

std::string CsvReader::cell(std::string_view line, size_t& at) const
{
    const std::string_view blanks = delimiter_ == '\t' ? " " : kBlanks;
    const size_t first = std::min(line.find_first_not_of(blanks, at), line.size());
    if (first == line.size() || line[first] != '"') {
        const size_t end = std::min(line.find(delimiter_, at), line.size());
        const std::string_view raw = line.substr(at, end - at);
        at = end;
        return std::string(trimmed(raw, blanks));
    }
    std::string value;
    for (size_t i = first + 1; i < line.size(); ++i) {
        if (line[i] != '"') {
            value += line[i];
        } else if (i + 1 < line.size() && line[i + 1] == '"') {
            value += '"';
            ++i;
        } else {
            const size_t end = std::min(line.find_first_not_of(blanks, i + 1), line.size());
            const bool ends = end == line.size() || line[end] == delimiter_;
            require(ends, ErrorCode::T0105,
                    {fmt::format("{}:{}", file_, line_), "text behind a closing quote",
                     "a delimiter there", "double the quotes inside of a quoted cell"});
            at = end;
            return value;
        }
    }
    fail(ErrorCode::T0105, {fmt::format("{}:{}", file_, line_), "a quote that is not closed",
                            "the closing quote on the same line", "close the quote or remove it"});
}

bool CsvReader::next(CsvRow& row)
{
    if (text_.empty()) return false;
    row.cells.clear();
    const std::string_view line = next_line();
    row.line = line_;
    size_t at = 0;
    row.cells.push_back(cell(line, at));
    while (at < line.size()) {
        ++at;
        row.cells.push_back(cell(line, at));
    }
    return true;
}

std::optional<double> csv_number(std::string_view cell, bool decimal_comma)
{
    std::string text(cell);
    if (decimal_comma && text.find('.') == std::string::npos) {
        const size_t comma = text.find(',');
        if (comma != std::string::npos) text[comma] = '.';
    }
    const char* first = text.data();
    const char* const last = first + text.size();
    if (first != last && *first == '+') ++first;
    if (first != last && *first == '-' && first != text.data()) return std::nullopt;
    double value = 0;
    const auto [end, problem] = std::from_chars(first, last, value);
    if (problem != std::errc() || end != last || !std::isfinite(value)) return std::nullopt;
    return value;
}

}  // namespace thimble
