// Small helpers on text that several folders need.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

// Levenshtein distance: the least number of insertions, deletions and replacements of one byte that
// turns `a` into `b`. Source: V. Levenshtein 1966; the two-row form of Wagner and Fischer 1974.
int64_t edit_distance(std::string_view a, std::string_view b);

// The candidate most like `name`, without regard to case; the first of equals. Empty when there is
// none within half the length of the longer word: a far-off suggestion helps nobody.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

std::string lower_case(std::string_view text);

// Pieces between line ends; a last line without an end counts, an empty last piece does not.
std::vector<std::string> split_lines(std::string_view text);

// Pieces between blanks (space, tab, line end), none of them empty.
std::vector<std::string> split_words(std::string_view text);

}  // namespace thimble
