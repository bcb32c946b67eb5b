// A weight that the file stores small and widens at run time is read small by the layer itself.
//
//   before:  w16 (float16 constant) -> DEQUANTIZE -> w32 -> conv2d
//   after:   w16 (float16 constant) -> conv2d
//
// Saves half (float16) or three quarters (int8) of the weight's flash. The layers named here
// compute in float on weights of any of these types.
#include "ops/op.h"
#include "ops/recurrent.h"
#include "passes/passes.h"

#include <algorithm>
#include <map>
#include <vector>

namespace thimble {

namespace {

// The inputs of a layer that may hold weights of any of these types.
std::vector<size_t> weight_inputs(const Node& node)
{
    if (node.op->name == "dense" || node.op->name == "conv2d" ||
        node.op->name == "depthwise_conv2d")
        return {1};
    if (node.op->name == "lstm") return {1, 2, 3, 4, 5, 6, 7, 8, lstm_input::projection};
    return {};
}

}  // namespace

void narrow_weights(Graph& graph)
{
    std::map<TensorId, TensorId> narrow_of;  // widened tensor -> constant
    for (const Node& node : graph.nodes) {
        if (node.op->name != "dequantize" || !graph.input(node, 0).is_constant()) continue;
        const DType type = graph.input(node, 0).type;
        const bool symmetric = std::ranges::all_of(graph.input(node, 0).quant.zero_points,
                                                   [](int64_t z) { return z == 0; });
        if (type == DType::f16 || ((type == DType::i8 || type == DType::i4) && symmetric))
            narrow_of[node.outputs[0]] = node.inputs[0];
    }
    for (Node& node : graph.nodes) {
        if (node.inputs.empty() || graph.input(node, 0).type != DType::f32) continue;
        for (const size_t i : weight_inputs(node))
            if (const auto it = narrow_of.find(node.inputs[i]); it != narrow_of.end())
                node.inputs[i] = it->second;
    }
}

}  // namespace thimble
