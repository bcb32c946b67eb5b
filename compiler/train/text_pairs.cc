#include "train/text_pairs.h"

#include "base/error.h"
#include "data/dataset.h"
#include "formats/printable.h"
#include "ir/text_interface.h"
#include "project/data_section.h"
#include "project/vocabulary.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int32_t kUnknown = -1;

TextInterface interface_of(const Settings& stage, const Seq2seqSpec& spec)
{
    TextInterface text;
    text.source = {read_vocabulary(stage, "source_vocabulary"),
                   stage.text("source_tokens") == "char"};
    text.target = {read_vocabulary(stage, "target_vocabulary"),
                   stage.text("target_tokens") == "char"};
    text.pad = static_cast<int32_t>(spec.pad);
    text.unknown = static_cast<int32_t>(stage.has("unknown") ? stage.whole("unknown") : spec.pad);
    return text;
}

// The answer's ids: every token must be known.
std::vector<int32_t> answer_ids(const TextInterface& text, const Recording& recording,
                                const Seq2seqSpec& spec)
{
    const TextInterface answers{text.target, {}, kUnknown, static_cast<int32_t>(spec.pad)};
    const auto most = static_cast<size_t>(spec.max_target);
    std::vector<int32_t> ids = ids_of_text(answers, recording.answer, most + 1);
    while (!ids.empty() && ids.back() == spec.pad) ids.pop_back();
    const std::string found = fmt::format("the answer '{}'", printable(recording.answer));
    require(!ids.empty(), ErrorCode::T0105,
            {recording.place(), "a text without an answer", "two columns: a text and its answer",
             "add the answer, or remove the line"});
    require(std::ranges::find(ids, kUnknown) == ids.end(), ErrorCode::T0105,
            {recording.place(), found, "tokens of the target vocabulary",
             "add its tokens to the target vocabulary, or remove the line"});
    require(ids.size() <= most, ErrorCode::T0105,
            {recording.place(), found, fmt::format("at most {} tokens", most),
             fmt::format("max_target = {}", 2 * most)});
    ids.push_back(static_cast<int32_t>(spec.end));
    return ids;
}

}  // namespace

std::vector<TextPair> read_text_pairs(const ProjectFile& file, const Seq2seqSpec& spec)
{
    augment_options(file);  // refuses changed copies: texts have none
    const Dataset dataset = load_dataset(data_options(file));
    const TextInterface text = interface_of(file.stages[0], spec);
    std::vector<TextPair> pairs;
    for (const Recording& recording : dataset.recordings) {
        const std::string line(recording.bytes.begin(), recording.bytes.end());
        pairs.push_back({ids_of_text(text, line, static_cast<size_t>(spec.places)),
                         answer_ids(text, recording, spec), recording.place(), recording.test,
                         recording.validation});
    }
    return pairs;
}

}  // namespace thimble
