// Words of a text as ids, by a list of words.
#include "ir/text_interface.h"
#include "ops/text_stream.h"
#include "project/token_stream.h"
#include "project/vocabulary.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

void build(StageContext& stage)
{
    const Settings& settings = stage.settings;
    TokenStream tokens = read_words(stage);
    const std::vector<std::string> list = read_vocabulary(settings, "file");
    // Words come cut: what can never be found is a mistake.
    const auto too_long = static_cast<size_t>(settings.whole("max_word"));
    for (size_t i = 0; i < list.size(); ++i)
        if (list[i].size() > too_long)
            stage.wrong("max_word",
                        fmt::format("{}, but line {} of the vocabulary has {} bytes", too_long,
                                    i + 1, list[i].size()),
                        "no token longer than a word",
                        fmt::format("max_word = {}", std::min<size_t>(list[i].size(), 255)));
    const auto has_capital = [](const std::string& token) {
        return std::ranges::any_of(token, [](char c) { return c >= 'A' && c <= 'Z'; });
    };
    const auto capitals = std::ranges::count_if(list, has_capital);
    if (settings.flag("lower") && capitals > 0)
        stage.notes.push_back(
            fmt::format("{} tokens of the vocabulary hold capitals and are never "
                        "found, because lower = true makes words small",
                        capitals));
    tokens.op = "vocabulary";
    tokens.attributes = VocabularyAttributes{settings.whole("unknown")};
    tokens.tokens = vocabulary_bytes({list, false});
    tokens.pad = settings.whole("pad");
    tokens.ids = std::max(
        {static_cast<int64_t>(list.size()), settings.whole("unknown") + 1, tokens.pad + 1});
    stage.flow.tokens = std::make_shared<const TokenStream>(std::move(tokens));
}

}  // namespace

extern const StageDef stage_vocabulary;
const StageDef stage_vocabulary = {.kind = "vocabulary", .build = build};

}  // namespace thimble
