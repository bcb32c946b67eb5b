// A network behind the words of a text that averages their embeddings: its table of sums instead
// (project/text_bag.h).
//
// Tested by tests/unit/project/text_pipeline_test.cc.
#pragma once

#include "project/stage.h"

namespace thimble {

// Takes flow.tokens and appends the network as the key `fold` says; false, and nothing is done,
// when `fold` is none or the network has another form. Throws T0106 when `fold` is int8 and it has
// another form, and whenever the ids choose from a table with fewer rows than there are ids.
bool add_folded_network(StageContext& stage, const Graph& model, size_t output);

}  // namespace thimble
