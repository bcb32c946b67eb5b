// A graph output that is a constant or a state gets a copy in work memory, where callers read it.
//
//   before:  outputs: [c (constant)]
//   after:   c -> reshape -> c' ; outputs: [c']
#include "ops/op.h"
#include "passes/passes.h"

namespace thimble {

void materialise_outputs(Graph& graph)
{
    for (TensorId& output : graph.outputs) {
        if (graph.tensor(output).kind == TensorKind::activation) continue;
        Tensor copy = graph.tensor(output);
        copy.kind = TensorKind::activation;
        copy.data = nullptr;
        Node node;
        node.name = "output_" + copy.name;
        node.source_op = "OUTPUT";
        node.op = find_op("reshape");
        node.inputs = {output};
        output = graph.add_tensor(std::move(copy));
        node.outputs = {output};
        graph.nodes.push_back(std::move(node));
    }
}

}  // namespace thimble
