#include "ir/text_interface.h"

#include <algorithm>

namespace thimble {

namespace {

bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool continues_character(char c)
{
    return (static_cast<uint8_t>(c) & 0xC0) == 0x80;
}

// The token at the begin of `line`, which is no blank.
std::string_view first_token(std::string_view line, bool characters)
{
    size_t end = 1;
    while (end < line.size() &&
           (characters ? continues_character(line[end]) : !is_blank(line[end])))
        ++end;
    return line.substr(0, end);
}

}  // namespace

std::vector<std::string_view> tokens_of_text(std::string_view line, bool characters)
{
    std::vector<std::string_view> tokens;
    for (;;) {
        const auto* begin = std::ranges::find_if_not(line, is_blank);
        line.remove_prefix(static_cast<size_t>(begin - line.begin()));
        if (line.empty()) return tokens;
        tokens.push_back(first_token(line, characters));
        line.remove_prefix(tokens.back().size());
    }
}

std::vector<int32_t> ids_of_text(const TextInterface& text, std::string_view line, size_t count)
{
    std::vector<int32_t> ids;
    for (const std::string_view token : tokens_of_text(line, text.source.characters)) {
        const auto known = std::ranges::find(text.source.tokens, token);
        ids.push_back(known == text.source.tokens.end()
                          ? text.unknown
                          : static_cast<int32_t>(known - text.source.tokens.begin()));
    }
    ids.resize(count, text.pad);
    return ids;
}

std::string text_of_ids(const Vocabulary& vocabulary, std::span<const int32_t> ids)
{
    std::string out;
    for (const int32_t id : ids) {
        if (id < 0 || id >= static_cast<int64_t>(vocabulary.tokens.size())) continue;
        const std::string& token = vocabulary.tokens[static_cast<size_t>(id)];
        if (token.empty()) continue;
        if (!out.empty() && !vocabulary.characters) out += ' ';
        out += token;
    }
    return out;
}

std::vector<uint8_t> vocabulary_bytes(const Vocabulary& vocabulary)
{
    std::vector<uint8_t> bytes;
    for (const std::string& token : vocabulary.tokens) {
        bytes.insert(bytes.end(), token.begin(), token.end());
        bytes.push_back(0);
    }
    return bytes;
}

}  // namespace thimble
