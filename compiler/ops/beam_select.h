// One step of a search for the best sequence of symbols; see beam_select.cc.
#pragma once

#include <cstdint>

namespace thimble {

struct BeamSelectAttributes {
    int64_t end = 0;  // symbols that end a hypothesis
    int64_t pad = 0;
};

// Inputs and outputs of the node; those from `scores` and `parents` on only with two beams or more.
namespace beam_select_input {
enum : int { logits, ids, lengths, step, scores, greedy_count = scores, beam_count };
}
namespace beam_select_output {
enum : int {
    tokens,
    ids,
    lengths,
    step,
    active,
    scores,
    parents,
    greedy_count = scores,
    beam_count = parents + 1
};
}

// A score that stands for "no hypothesis": float32, and Q16.
constexpr float kNoScore = -1e30f;
constexpr int32_t kNoScoreQ16 = INT32_MIN;

}  // namespace thimble
