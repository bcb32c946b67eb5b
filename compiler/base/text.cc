#include "base/text.h"

#include <algorithm>
#include <cctype>

namespace thimble {

int64_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<int64_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int64_t>(j);
    for (size_t i = 1; i <= a.size(); ++i) {
        int64_t diagonal = row[0];
        row[0] = static_cast<int64_t>(i);
        for (size_t j = 1; j <= b.size(); ++j) {
            const int64_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates)
{
    const std::string wanted = lower_case(name);
    const std::string* best = nullptr;
    int64_t best_distance = 0;
    for (const std::string& candidate : candidates) {
        const int64_t distance = edit_distance(wanted, lower_case(candidate));
        const size_t longer = std::max(name.size(), candidate.size());
        if (distance * 2 > static_cast<int64_t>(longer)) continue;
        if (!best || distance < best_distance) {
            best = &candidate;
            best_distance = distance;
        }
    }
    return best ? *best : std::string();
}

std::string lower_case(std::string_view text)
{
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

namespace {

std::vector<std::string> split(std::string_view text, std::string_view separators, bool keep_empty)
{
    std::vector<std::string> pieces;
    while (!text.empty()) {
        const size_t end = text.find_first_of(separators);
        const std::string_view piece = text.substr(0, end);
        if (keep_empty || !piece.empty()) pieces.emplace_back(piece);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return pieces;
}

}  // namespace

std::vector<std::string> split_lines(std::string_view text)
{
    return split(text, "\n", true);
}

std::vector<std::string> split_words(std::string_view text)
{
    return split(text, " \t\r\n", false);
}

}  // namespace thimble
