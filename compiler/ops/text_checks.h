// What the operators on texts share: reading their options, and checks of their inputs.
#pragma once

#include "formats/flexbuffers.h"
#include "ops/op.h"
#include "ops/text_stream.h"

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace thimble {

// An option that is one of `choices`; returns its place. Throws T0202.
size_t text_choice(const FlexMap& options, std::string_view key,
                   std::initializer_list<std::string_view> choices);
// An option within [least, most], `fallback` when it is missing. Throws T0202.
int64_t text_number(const FlexMap& options, std::string_view key, int64_t least, int64_t most,
                    int64_t fallback);

// Input `input` is `word`, input + 1 is `scan`, of a usable size. Throws T0202, T0203.
void require_word(const Graph& graph, const Node& node, size_t input);
// An input of one element.
void require_single(const Graph& graph, const Node& node, size_t input, DType type);
// Exactly `inputs` inputs, of which 0 is ids int32 and 1, which may be absent, their number.
void require_ids(const Graph& graph, const Node& node, size_t inputs);
// An input that the operator writes; a bug of ours, or a refusal when a file says otherwise.
void require_text_state(const Graph& graph, const Node& node, size_t input, DType type);

}  // namespace thimble
