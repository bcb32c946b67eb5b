// The whole compiler: from an imported graph to a planned program, ready to be printed.
#pragma once

#include "ir/program.h"
#include "ops/lower.h"

#include <string>

namespace thimble {

struct CompileOptions {
    std::string name;    // C identifier, prefix of every symbol
    TargetFacts target;
    LowerOptions lower;
    bool keep_state = false;  // the state of recurrent layers, too, lives from call to call
    Feed feed = Feed::whole;
};

// Throws T0201 when a layer is not supported. Tensor ids below `imported.tensors.size()` keep their
// meaning: a pass that changes what a tensor holds makes a new tensor.
Program compile(const Graph& imported, const CompileOptions& options);

}  // namespace thimble
