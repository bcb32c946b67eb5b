// Lowers every node of a graph in order and derives how long each buffer lives.
#pragma once

#include "ir/program.h"
#include "ops/lower.h"

namespace thimble {

Program schedule(Graph graph, std::string name, const TargetFacts& target,
                 const LowerOptions& options);

}  // namespace thimble
