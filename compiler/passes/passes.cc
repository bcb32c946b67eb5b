#include "passes/passes.h"

#include "ops/control.h"

#include <set>
#include <string>

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

namespace {

std::string stage_of(const Node& node) { return node.name.substr(0, node.name.find('/') + 1); }

// In a pipeline nodes are named STAGE/LAYER. One that a pass has added is named for a tensor: it
// belongs to the stage of the node in front of it, which is `stage` for the first one.
void name_stages(Graph& graph, const std::set<std::string>& stages, std::string stage)
{
    for (Node& node : graph.nodes) {
        if (stages.contains(stage_of(node)))
            stage = stage_of(node);
        else
            node.name = stage + node.name.substr(node.name.rfind('/') + 1);
        std::vector<std::shared_ptr<const Graph>> bodies = bodies_of(node);
        for (std::shared_ptr<const Graph>& body : bodies) {
            Graph named = *body;
            name_stages(named, stages, stage);
            body = std::make_shared<const Graph>(std::move(named));
        }
        set_bodies(node, std::move(bodies));
    }
}

}  // namespace

void run_pass_in_branches(void (*pass)(Graph&), Graph& graph)
{
    for (Node& node : graph.nodes) {
        if (!std::any_cast<IfAttributes>(&node.attributes)) continue;
        std::vector<std::shared_ptr<const Graph>> branches = bodies_of(node);
        for (std::shared_ptr<const Graph>& branch : branches) {
            Graph rewritten = *branch;
            std::set<std::string> stages;
            for (const Node& inner : rewritten.nodes) stages.insert(stage_of(inner));
            const std::string first = rewritten.nodes.empty() ? "" : stage_of(rewritten.nodes[0]);
            run_pass_in_branches(pass, rewritten);
            name_stages(rewritten, stages, first);
            graph.notes.insert(graph.notes.end(), rewritten.notes.begin(), rewritten.notes.end());
            rewritten.notes.clear();
            branch = std::make_shared<const Graph>(std::move(rewritten));
        }
        set_bodies(node, std::move(branches));
    }
    run_pass(pass, graph);
}

void recognise_recurrences(Graph& graph)
{
    for (auto* pass : {while_to_scan, reroll_unrolled, absorb_reversals, scan_to_cell,
                       absorb_frames})
        run_pass_in_branches(pass, graph);
}

}  // namespace thimble
