// Words of a text as ids, by a hash.
#include "ops/text_stream.h"
#include "project/token_stream.h"

#include <fmt/format.h>

namespace thimble {

namespace {

HashWordsAttributes hash_of(StageContext& stage)
{
    const Settings& settings = stage.settings;
    HashWordsAttributes hash;
    hash.buckets = settings.whole("buckets");
    hash.seed = settings.whole("seed");
    hash.ngrams = settings.whole("ngrams");
    const std::vector<int64_t> runs = settings.wholes("subwords");
    if (runs.empty()) return hash;
    if (runs.size() != 2 || runs[0] > runs[1])
        stage.wrong("subwords", fmt::format("[{}]", fmt::join(runs, ", ")),
                    "the least and the greatest number of bytes", "subwords = [3, 5]");
    hash.subword_least = runs[0];
    hash.subword_most = runs[1];
    return hash;
}

void build(StageContext& stage)
{
    const HashWordsAttributes hash = hash_of(stage);
    TokenStream tokens = read_words(stage);
    if (hash.ngrams > 1)
        tokens.history = stage.tick.place(
            stage.tick.state(plain_tensor("history", DType::u32, {hash.ngrams})));
    tokens.op = "hash_words";
    tokens.attributes = hash;
    tokens.many_ids = hash_ids_most(hash, stage.settings.whole("max_word")) > 1;
    tokens.ids = hash.buckets + 1;
    stage.flow.tokens = std::make_shared<const TokenStream>(std::move(tokens));
}

}  // namespace

extern const StageDef stage_hash_tokens;
const StageDef stage_hash_tokens = {.kind = "hash_tokens", .build = build};

}  // namespace thimble
