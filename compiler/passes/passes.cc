#include "passes/passes.h"

namespace thimble {

void run_pass(void (*pass)(Graph&), Graph& graph)
{
    pass(graph);
    verify_graph(graph);
}

}  // namespace thimble
