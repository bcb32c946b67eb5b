// Vocabularies: text files with one token a line; the token of id N stands on line N + 1.
//
// Tested by tests/unit/project/refusals_test.cc.
#pragma once

#include "project/project_file.h"

#include <string>
#include <vector>

namespace thimble {

// The file that `key` names. Throws T0101, T0105 (no token, the same token twice, a blank inside
// of one). Empty lines are ids without a token.
std::vector<std::string> read_vocabulary(const Settings& stage, const std::string& key);

}  // namespace thimble
