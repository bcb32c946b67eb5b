// Nodes whose inputs are all constant are computed by the reference arithmetic at compile time.
//
//   before:  a (constant), b (constant) -> add -> c
//   after:   c (constant)
//
// A node that would blow a small constant up (tile, broadcast, fill) stays.
#include "ops/control.h"
#include "ops/op.h"
#include "passes/passes.h"

#include <algorithm>

namespace thimble {

namespace {

constexpr int64_t kSmallBytes = 1024;  // always worth folding

bool can_fold(const Graph& graph, const Node& node)
{
    // A loop may take long: it stays.
    if (has_side_effect(node) || !bodies_of(node).empty() || node.inputs.empty()) return false;
    int64_t in_bytes = 0, out_bytes = 0;
    for (const TensorId id : node.inputs) {
        if (id == kNoTensor) continue;
        if (!graph.tensor(id).is_constant() || graph.tensor(id).by_turn) return false;
        in_bytes += graph.tensor(id).bytes();
    }
    for (const TensorId id : node.outputs) {
        if (graph.tensor(id).by_turn) return false;
        out_bytes += graph.tensor(id).bytes();
    }
    return out_bytes <= std::max(kSmallBytes, 4 * in_bytes);
}

}  // namespace

void fold_constants(Graph& graph)
{
    std::vector<std::vector<uint8_t>> values(graph.tensors.size());
    std::erase_if(graph.nodes, [&](const Node& node) {
        if (!can_fold(graph, node)) return false;
        for (const TensorId id : node.inputs)
            if (id != kNoTensor) values[static_cast<size_t>(id)] = *graph.tensor(id).data;
        for (const TensorId id : node.outputs)
            values[static_cast<size_t>(id)].resize(static_cast<size_t>(graph.tensor(id).bytes()));
        EvalContext context(graph, node, values, Match::tflm);
        node.op->eval(context);
        for (const TensorId id : node.outputs)
            graph.set_constant(id, std::move(values[static_cast<size_t>(id)]));
        return true;
    });
}

}  // namespace thimble
