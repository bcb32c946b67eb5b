// Texts and what they shall be turned into, as ids.
#pragma once

#include "project/project_file.h"
#include "train/seq2seq_network.h"

#include <cstdint>
#include <string>
#include <vector>

namespace thimble {

struct TextPair {
    std::vector<int32_t> source;  // max_source ids
    std::vector<int32_t> target;  // ids, the end behind the last
    std::string place;
    bool test = false;
    bool validation = false;  // there to choose the best epoch by
};

// Of the recordings of [data] of a project whose only stage is a seq2seq. Throws what reading them
// throws, T0105 for texts without an answer, tokens that the vocabularies lack, answers that are
// too long; with file and line.
std::vector<TextPair> read_text_pairs(const ProjectFile& file, const Seq2seqSpec& spec);

}  // namespace thimble
