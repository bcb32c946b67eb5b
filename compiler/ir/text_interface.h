// Text in, text out: what the ids of a graph's first input and first output mean.
//
// A token of a `words` vocabulary is a piece between blanks (space, tab, carriage return, line
// end); one of a `char` vocabulary is one UTF-8 character that is not a blank. The device does the
// same (device/kernels/text.h); a test compares them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

struct Vocabulary {
    std::vector<std::string> tokens;  // by id; empty: this id has none
    bool characters = false;          // tokens are single characters
    bool empty() const { return tokens.empty(); }
};

struct TextInterface {
    Vocabulary source;    // of the graph's first input
    Vocabulary target;    // of output 0, of which output 1 tells the number
    int32_t unknown = 0;  // id of a token that `source` lacks
    int32_t pad = 0;      // id that fills the input behind the last token

    // NAME_text takes text and gives text.
    bool complete() const { return !source.empty() && !target.empty(); }
};

// The tokens of a line, in their order.
std::vector<std::string_view> tokens_of_text(std::string_view line, bool characters);

// As many ids as the graph's input holds: a longer text is cut.
std::vector<int32_t> ids_of_text(const TextInterface& text, std::string_view line, size_t count);
// Ids without a token are left out.
std::string text_of_ids(const Vocabulary& vocabulary, std::span<const int32_t> ids);

// All tokens, each ended by a zero byte: the table that the device reads.
std::vector<uint8_t> vocabulary_bytes(const Vocabulary& vocabulary);

}  // namespace thimble
