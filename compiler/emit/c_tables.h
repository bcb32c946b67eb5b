// Constant arrays as C text.
#pragma once

#include "ir/program.h"

#include <string>

namespace thimble {

// `static const TYPE name[] THB_TABLE = {...};` Large byte tables become string literals, which C
// compilers read in a fraction of the time and memory.
std::string c_table(const Table& table, const std::string& name);

// `text` without line breaks and comment ends, for use in a // comment.
std::string one_line(std::string text);

}  // namespace thimble
