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
    bool slices = false;      // of a streamed pipeline: its ticks can run slice by slice
};

// Throws T0201 when a layer is not supported. Tensor ids below `imported.tensors.size()` keep their
// meaning: a pass that changes what a tensor holds makes a new tensor.
Program compile(const Graph& imported, const CompileOptions& options);

// The two halves of it. The first one is the same for all targets and may take seconds: what it
// recognises it proves on many inputs. Who compiles for many targets calls it once.
Graph recognise(const Graph& imported, bool keep_state);
Program compile_recognised(Graph graph, const CompileOptions& options);

}  // namespace thimble
