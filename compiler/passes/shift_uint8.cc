// Legacy uint8 networks become int8 networks: every quantized uint8 tensor is replaced by an int8
// tensor that holds q - 128 with zero point - 128, the same real values.
//
//   before:  x (uint8, z) -> conv2d(w uint8) -> y (uint8)
//   after:   x -> quantize -> x' (int8, z - 128) -> conv2d(w' int8) -> y' (int8) -> quantize -> y
//
// Graph inputs and outputs keep their type behind a QUANTIZE that is one XOR an element. Since
// nearly every integer operator depends on q - zero_point only, little else changes; where it
// matters (the mean of raw values, the zero point of convolution weights) operators look at
// Node::was_uint8. Operators that take uint8 as plain numbers (cast, quantize, dequantize), or that
// join a quantized tensor with a plain one, are left alone.
#include "ops/control.h"
#include "ops/op.h"
#include "passes/passes.h"

#include <algorithm>
#include <map>

namespace thimble {

namespace {

bool shifts(const Tensor& tensor)
{
    return tensor.type == DType::u8 && tensor.quant.present() && tensor.kind != TensorKind::state;
}

bool takes_uint8(const Node& node)
{
    // The bodies of a loop are rewritten by themselves, their inputs and outputs stay.
    return node.op->name == "cast" || node.op->name == "quantize" ||
           node.op->name == "dequantize" || !bodies_of(node).empty();
}

// True when the node touches uint8 tensors and all of them shift. One that also has a plain or a
// state tensor of uint8 can only move bytes between them, which must stay as they are.
bool shifts_whole(const Graph& graph, const Node& node)
{
    bool any = false;
    for (const std::vector<TensorId>* ids : {&node.inputs, &node.outputs}) {
        for (const TensorId id : *ids) {
            if (id == kNoTensor || graph.tensor(id).type != DType::u8) continue;
            if (!shifts(graph.tensor(id))) return false;
            any = true;
        }
    }
    return any;
}

TensorId shifted_copy(Graph& graph, TensorId id)
{
    Tensor copy = graph.tensor(id);
    copy.type = DType::i8;
    for (int64_t& zero_point : copy.quant.zero_points) zero_point -= 128;
    if (copy.data) {
        std::vector<uint8_t> bytes = *copy.data;
        for (uint8_t& byte : bytes) byte ^= 0x80;
        copy.data = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    }
    return graph.add_tensor(std::move(copy));
}

Node quantize_node(const Graph& graph, TensorId from, TensorId to)
{
    Node node;
    node.op = find_op("quantize");
    THIMBLE_CHECK(node.op, "shift_uint8 needs quantize");
    node.source_op = "QUANTIZE";
    node.name = graph.tensor(to).name + "_shift";
    node.inputs = {from};
    node.outputs = {to};
    return node;
}

}  // namespace

void shift_uint8(Graph& graph)
{
    std::map<TensorId, TensorId> shifted;      // uint8 tensor -> its int8 replacement
    std::map<TensorId, bool> available;        // replacement already computed
    std::vector<Node> nodes;
    const auto replacement = [&](TensorId id) {
        if (!shifted.count(id)) shifted[id] = shifted_copy(graph, id);
        return shifted[id];
    };
    for (Node node : graph.nodes) {
        if (!shifts_whole(graph, node) || takes_uint8(node)) {
            nodes.push_back(std::move(node));
            continue;
        }
        for (TensorId& id : node.inputs) {
            if (id == kNoTensor || !shifts(graph.tensor(id))) continue;
            const TensorId original = id;
            id = replacement(original);
            if (!graph.tensor(id).is_constant() && !available[id])
                nodes.push_back(quantize_node(graph, original, id));
            available[id] = true;
        }
        node.was_uint8 = true;
        std::vector<Node> back;
        for (TensorId& id : node.outputs) {
            if (!shifts(graph.tensor(id))) continue;
            const TensorId original = id;
            id = replacement(original);
            available[id] = true;
            back.push_back(
                quantize_node(graph, id, original));  // Dead unless an output or a cast reads it.
        }
        nodes.push_back(std::move(node));
        for (Node& quantize : back) nodes.push_back(std::move(quantize));
    }
    graph.nodes = std::move(nodes);
}

}  // namespace thimble
