// A weight that the file stores small and widens at run time is read small by the layer itself.
//
//   before:  w16 (float16 constant) -> DEQUANTIZE -> w32 -> conv2d
//   after:   w16 (float16 constant) -> conv2d
//
// Saves half (float16) or three quarters (int8) of the weight's flash. The layers named here
// compute in float on weights of any of these types.
#include "ops/op.h"
#include "passes/passes.h"

#include <algorithm>
#include <map>

namespace thimble {

namespace {

bool reads_narrow_weights(const Node& node)
{
    return node.op->name == "dense" || node.op->name == "conv2d" ||
           node.op->name == "depthwise_conv2d";
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
        if (!reads_narrow_weights(node) || graph.input(node, 0).type != DType::f32) continue;
        if (const auto it = narrow_of.find(node.inputs[1]); it != narrow_of.end())
            node.inputs[1] = it->second;
    }
}

}  // namespace thimble
