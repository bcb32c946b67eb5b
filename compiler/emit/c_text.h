// NAME_text: the generated C's function from text to text, for graphs with vocabularies.
#pragma once

#include "ir/program.h"
#include "ir/text_interface.h"

#include <set>
#include <string>

namespace thimble {

// The kernels that it calls.
std::set<std::string> c_text_kernels();
// The vocabularies as tables, source first.
std::vector<Table> vocabulary_tables(const TextInterface& text);
// For NAME.h: the contract and the declaration. `text` is complete.
std::string c_text_declaration(const Program& program, const TextInterface& text);
// For NAME.c: the vocabularies and the function.
std::string c_text_definition(const Program& program, const TextInterface& text);

}  // namespace thimble
