#include "passes/passes.h"

#include "ops/control.h"

namespace thimble {

void run_pass(void (*pass)(Graph&), Graph& graph)
{
    pass(graph);
    verify_graph(graph);
}

void run_pass_in_bodies(void (*pass)(Graph&), Graph& graph)
{
    for (Node& node : graph.nodes) {
        std::vector<std::shared_ptr<const Graph>> bodies = bodies_of(node);
        for (std::shared_ptr<const Graph>& body : bodies) {
            Graph rewritten = *body;
            run_pass_in_bodies(pass, rewritten);
            body = std::make_shared<const Graph>(std::move(rewritten));
        }
        set_bodies(node, std::move(bodies));
    }
    run_pass(pass, graph);
}

void recognise_recurrences(Graph& graph)
{
    run_pass(while_to_scan, graph);
    run_pass(reroll_unrolled, graph);
    run_pass(absorb_reversals, graph);
    run_pass(scan_to_cell, graph);
    run_pass(absorb_frames, graph);
}

}  // namespace thimble
