// Words of a text on their way through a tick graph, before anybody has collected their ids.
//
//   byte, end -> word_stream -> complete
//   if (complete): word -> ids -> what the taker does with them: a list, or a sum
//   if (end):      the taker's result; then everything begins anew
//
// So a network that only averages what stands behind the ids needs no list of them.
//
// Tested by tests/unit/project/text_pipeline_test.cc.
#pragma once

#include "project/stage.h"

#include <any>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct TokenStream {
    Place complete;                // bool [1]: this tick completes a word
    Place word, scan;              // states of word_stream (ops/text_stream.h)
    std::string prefix;            // of the nodes of the stage that found the words
    std::optional<Place> history;  // of hash_words
    std::string op;                // that makes ids of a word: hash_words or vocabulary
    std::any attributes;
    std::vector<uint8_t> tokens;  // of vocabulary
    bool many_ids = false;        // a word has several, and the operator tells their number
    int64_t max_words = 0;        // ids of a text
    int64_t pad = 0;              // id of a place without a word
    bool pads_first = false;      // such places stand in front of the words
    int64_t ids = 0;              // ids are below
};

// The states and word_stream, by the keys that hash_tokens and vocabulary share. Refuses the stage
// where bytes of a text do not come directly.
TokenStream read_words(StageContext& stage);

// The words of a text, as a stage with these keys finds them.
std::vector<std::string> words_of_text(const Settings& stage, const std::vector<uint8_t>& text);

// The list of ids as a tensor: int32 [max_words].
Tensor collected_ids(const TokenStream& tokens);
// Makes flow.value this list, at the end of the text.
void collect_tokens(StageContext& stage);

// What a taker appends to the branch of a complete word; `count` is kNoTensor when all ids count,
// `states` are seen from inside.
using UseIds = std::function<void(GraphBuilder& branch, TensorId ids, TensorId count,
                                  const std::vector<TensorId>& states)>;
// Appends that branch.
void for_each_word(StageContext& stage, const TokenStream& tokens,
                   const std::vector<TensorId>& states, const UseIds& use);
// All that is appended from now on runs at the end of the text.
void only_at_end(StageContext& stage, const TokenStream& tokens);

}  // namespace thimble
