#include "evaluate/make_vocabulary.h"

#include "base/error.h"
#include "base/file.h"
#include "ir/text_interface.h"
#include "project/token_stream.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <set>

namespace thimble {

namespace {

using TokensOf = std::function<std::vector<std::string>(const Recording&)>;

// `taken`: ids that are no token.
MadeVocabulary made(const std::filesystem::path& file, const Dataset& dataset,
                    const TokensOf& tokens_of, const std::set<int64_t>& taken, int64_t most)
{
    std::map<std::string, int64_t> counts;
    MadeVocabulary result;
    result.file = file;
    for (const Recording& recording : dataset.recordings) {
        if (recording.test) continue;
        for (const std::string& token : tokens_of(recording)) {
            ++counts[token];
            ++result.seen;
        }
    }
    require(result.seen > 0, ErrorCode::T0105,
            {file.string(), "no token in the texts to train on", "texts in [data]",
             "thimble data shows what was found"});
    result.tokens = static_cast<int64_t>(counts.size());
    std::vector<std::pair<std::string, int64_t>> ranked(counts.begin(), counts.end());
    std::ranges::stable_sort(ranked, std::greater{}, [](const auto& one) { return one.second; });
    if (result.tokens > most) ranked.resize(static_cast<size_t>(most));
    for (auto& [token, count] : ranked) {
        while (taken.contains(std::ssize(result.lines))) result.lines.emplace_back();
        result.lines.push_back(std::move(token));
        result.kept += count;
    }
    return result;
}

std::vector<std::string> tokens_of(std::string_view text, bool characters)
{
    const std::vector<std::string_view> tokens = tokens_of_text(text, characters);
    return {tokens.begin(), tokens.end()};
}

void add_seq2seq(const Settings& stage, const Dataset& dataset, int64_t most,
                 std::vector<MadeVocabulary>& result)
{
    const int64_t pad = stage.whole("pad");
    if (stage.has("source_vocabulary"))
        result.push_back(made(
            stage.file("source_vocabulary"), dataset,
            [&](const Recording& recording) {
                return tokens_of(
                    {reinterpret_cast<const char*>(recording.bytes.data()), recording.bytes.size()},
                    stage.text("source_tokens") == "char");
            },
            {pad, stage.has("unknown") ? stage.whole("unknown") : pad}, most));
    if (stage.has("target_vocabulary"))
        result.push_back(made(
            stage.file("target_vocabulary"), dataset,
            [&](const Recording& recording) {
                return tokens_of(recording.answer, stage.text("target_tokens") == "char");
            },
            {pad, stage.whole("begin"), stage.whole("end")}, most));
}

}  // namespace

std::vector<MadeVocabulary> make_vocabularies(const ProjectFile& file, const Dataset& dataset,
                                              int64_t most)
{
    std::vector<MadeVocabulary> result;
    for (size_t i = 0; i < file.stages.size(); ++i) {
        const Settings& stage = file.stages[i];
        if (file.kind(i) == "seq2seq") add_seq2seq(stage, dataset, most, result);
        if (file.kind(i) == "vocabulary")
            result.push_back(made(
                stage.file("file"), dataset,
                [&](const Recording& recording) { return words_of_text(stage, recording.bytes); },
                {stage.whole("pad"), stage.whole("unknown")}, most));
    }
    require(!result.empty(), ErrorCode::T0106,
            {file.path.string(), "no stage that names a vocabulary",
             "a stage `vocabulary`, or `seq2seq` with `source_vocabulary` or `target_vocabulary`",
             "name the file; hash_tokens needs none"});
    return result;
}

void write_vocabularies(const std::vector<MadeVocabulary>& vocabularies)
{
    for (const MadeVocabulary& one : vocabularies)
        require(
            !std::filesystem::exists(one.file), ErrorCode::T0005,
            {one.file.string(), "is there already", "a vocabulary that is not made yet",
             "remove it to have it made anew; networks that were trained with it mean its ids"});
    for (const MadeVocabulary& one : vocabularies) {
        std::string text;
        for (const std::string& line : one.lines) text += line + "\n";
        write_file(one.file, text);
    }
}

}  // namespace thimble
