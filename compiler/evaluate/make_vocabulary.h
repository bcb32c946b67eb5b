// Vocabularies out of a project's own texts: what a stage `vocabulary` or `seq2seq` lists, most
// frequent tokens first.
//
// Tested by tests/unit/evaluate/make_vocabulary_test.cc.
#pragma once

#include "data/dataset.h"
#include "project/project_file.h"

#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

struct MadeVocabulary {
    std::filesystem::path file;
    std::vector<std::string> lines;  // by id; ids that the stage gives a meaning are empty lines
    int64_t tokens = 0;              // different ones in the texts
    int64_t kept = 0, seen = 0;      // of all tokens that stand in the texts: those that are listed
};

// One for each vocabulary that the stages name, from the recordings to train on: at most `most`
// tokens each. Throws T0106 when no stage names one, T0105 when there are no texts.
std::vector<MadeVocabulary> make_vocabularies(const ProjectFile& file, const Dataset& dataset,
                                              int64_t most);

// Writes them all. Throws T0005, and writes nothing, when one of the files exists.
void write_vocabularies(const std::vector<MadeVocabulary>& vocabularies);

}  // namespace thimble
