#include "ops/new_node.h"

#include "formats/tflite.h"
#include "ops/op.h"

namespace thimble {

Node new_node(Graph& graph, std::string_view source_op, std::vector<TensorId> inputs,
              std::string name, Quantization quant)
{
    const TfliteMatch match = find_tflite_op(source_op);
    THIMBLE_CHECK(match.op, std::string(source_op));
    Node node;
    node.op = match.op;
    node.source_op = source_op;
    node.name = std::move(name);
    node.inputs = std::move(inputs);
    Tensor out;
    out.name = node.name;
    out.quant = std::move(quant);
    node.outputs = {graph.add_tensor(std::move(out))};
    match.import->import(TfliteOperator{}, graph, node);
    node.op->infer(graph, node);
    return node;
}

TensorId add_integers(Graph& graph, std::string name, const std::vector<int64_t>& values)
{
    Tensor tensor;
    tensor.name = std::move(name);
    tensor.type = DType::i32;
    tensor.shape = {static_cast<int64_t>(values.size())};
    std::vector<uint8_t> bytes;
    for (const int64_t value : values)  // They may be a shape in `graph`: read before it grows.
        for (int shift = 0; shift < 32; shift += 8)
            bytes.push_back(static_cast<uint8_t>(value >> shift));
    const TensorId id = graph.add_tensor(std::move(tensor));
    graph.set_constant(id, std::move(bytes));
    return id;
}

Node new_reshape(Graph& graph, TensorId in, const Shape& shape, std::string name)
{
    const TensorId sizes = add_integers(graph, name + "_shape", shape);
    return new_node(graph, "RESHAPE", {in, sizes}, std::move(name), graph.tensor(in).quant);
}

Node new_slice(Graph& graph, TensorId in, const Shape& begin, const Shape& size, std::string name)
{
    const TensorId first = add_integers(graph, name + "_begin", begin);
    const TensorId sizes = add_integers(graph, name + "_size", size);
    return new_node(graph, "SLICE", {in, first, sizes}, std::move(name), graph.tensor(in).quant);
}

Node new_reverse(Graph& graph, TensorId in, size_t axis, std::string name)
{
    const TensorId axes = add_integers(graph, name + "_axis", {static_cast<int64_t>(axis)});
    return new_node(graph, "REVERSE_V2", {in, axes}, std::move(name), graph.tensor(in).quant);
}

bool same_function(const Node& a, const Node& b)
{
    if (a.op != b.op || !a.op || a.was_uint8 != b.was_uint8) return false;
    if (a.attributes.type() != b.attributes.type()) return false;
    if (!a.attributes.has_value()) return true;
    return a.op->same_attributes && a.op->same_attributes(a.attributes, b.attributes);
}

bool has_default_attributes(const Node& node)
{
    const TfliteMatch match = find_tflite_op(node.source_op);
    if (!match.op || match.op != node.op) return false;
    Node plain;
    plain.op = node.op;
    plain.inputs = node.inputs;
    plain.outputs = node.outputs;
    Graph graph;
    match.import->import(TfliteOperator{}, graph, plain);
    return same_function(node, plain);
}

}  // namespace thimble
