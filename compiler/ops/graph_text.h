// A graph as text, for tests and debugging.
#pragma once

#include "ir/graph.h"

#include <string>

namespace thimble {

// One line a node: "y:int8 = dense(x:int8, w:int8 const, -)"; last the outputs: "return y:int8".
std::string graph_text(const Graph& graph);

}  // namespace thimble
