// Integer samples that are normalised to real numbers and quantised at once stay integers.
//
//   before:  x (int16) -> normalize -> y (float32) -> quantize -> q (int8)
//   after:   x (int16) -> normalize -> q (int8)
//
// Only where ops/normalize finds integer arithmetic that gives the same q for every x.
// Tested by tests/unit/passes/quantize_normalized_test.cc.
#include "ops/normalize.h"
#include "ops/op.h"
#include "passes/links.h"
#include "passes/passes.h"

namespace thimble {

void quantize_normalized(Graph& graph)
{
    const Links links(graph);
    std::vector<bool> gone(graph.nodes.size(), false);
    for (Node& node : graph.nodes) {
        if (!node.op || node.op->name != "normalize") continue;
        const auto y = static_cast<size_t>(node.outputs[0]);
        if (graph.tensors[y].type != DType::f32 || links.is_output[y] || links.uses[y].size() != 1)
            continue;
        const size_t reader = links.uses[y][0].node;
        const Node& quantize = graph.nodes[reader];
        if (!quantize.op || quantize.op->name != "quantize") continue;
        if (!normalizes_in_integers(graph, node, graph.tensor(quantize.outputs[0]))) continue;
        node.outputs = quantize.outputs;
        gone[reader] = true;
    }
    size_t index = 0;
    std::erase_if(graph.nodes, [&](const Node&) { return gone[index++]; });
}

}  // namespace thimble
