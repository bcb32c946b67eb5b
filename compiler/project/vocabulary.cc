#include "project/vocabulary.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "ir/token_table.h"

#include <fmt/format.h>
#include <map>

namespace thimble {

std::vector<std::string> read_vocabulary(const Settings& stage, const std::string& key)
{
    const std::string path = stage.file(key).string();
    require(std::filesystem::is_regular_file(path), ErrorCode::T0101,
            {stage.place(key), fmt::format("there is no file '{}'", path),
             "a text file with one token a line",
             "correct the path, relative to the project's folder; thimble data --vocabulary 2000 "
             "makes it of the texts to train on"});
    std::vector<std::string> tokens = split_lines(read_text_file(path));
    std::map<std::string, size_t> lines;
    for (size_t i = 0; i < tokens.size(); ++i) {
        std::string& token = tokens[i];
        if (token.ends_with('\r')) token.pop_back();
        if (token.empty()) continue;
        const std::string place = fmt::format("{}:{}", path, i + 1);
        require(split_words(token) == std::vector<std::string>{token} &&
                    token.find('\0') == std::string::npos,
                ErrorCode::T0105,
                {place, fmt::format("'{}'", token), "a token without blanks",
                 "one token a line; an empty line for an id without a token"});
        const auto [known, fresh] = lines.insert({token, i + 1});
        require(fresh, ErrorCode::T0105,
                {place, fmt::format("'{}' stands on line {} too", token, known->second),
                 "each token once", "remove one of the lines, or leave it empty"});
    }
    require(static_cast<int64_t>(tokens.size()) <= kTokensMost, ErrorCode::T0105,
            {path, fmt::format("{} lines", tokens.size()),
             fmt::format("at most {} tokens", kTokensMost), "keep the most frequent ones"});
    require(!lines.empty(), ErrorCode::T0105,
            {path, "holds no token", "one token a line", "check the path"});
    return tokens;
}

}  // namespace thimble
