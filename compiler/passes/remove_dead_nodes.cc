// Nodes whose results nobody reads disappear, from the last to the first.
#include "ops/control.h"
#include "ops/op.h"
#include "passes/passes.h"

#include <algorithm>
#include <vector>

namespace thimble {

void remove_dead_nodes(Graph& graph)
{
    std::vector<bool> read(graph.tensors.size(), false);
    for (const TensorId id : graph.outputs) read[static_cast<size_t>(id)] = true;
    std::vector<bool> keep(graph.nodes.size(), false);
    for (size_t i = graph.nodes.size(); i-- > 0;) {
        const Node& node = graph.nodes[i];
        keep[i] = has_side_effect(node) || std::ranges::any_of(node.outputs, [&](TensorId id) {
                      return read[static_cast<size_t>(id)];
                  });
        if (!keep[i]) continue;
        for (const TensorId id : node.inputs)
            if (id != kNoTensor) read[static_cast<size_t>(id)] = true;
    }
    size_t index = 0;
    std::erase_if(graph.nodes, [&](const Node&) { return !keep[index++]; });
}

}  // namespace thimble
