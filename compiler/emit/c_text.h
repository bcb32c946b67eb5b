// NAME_text: the generated C's function from text to text, for graphs with vocabularies.
#pragma once

#include "ir/program.h"

#include <set>
#include <string>

namespace thimble {

// The kernels that it calls; empty without vocabularies.
std::set<std::string> c_text_kernels(const Program& program);
// For NAME.h: the contract and the declaration.
std::string c_text_declaration(const Program& program);
// For NAME.c: the vocabularies and the function.
std::string c_text_definition(const Program& program);

}  // namespace thimble
