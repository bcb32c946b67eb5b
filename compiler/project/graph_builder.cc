#include "project/graph_builder.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/flexbuffers.h"
#include "formats/tflite_fields.h"
#include "ops/op.h"

#include <fmt/format.h>

namespace thimble {

namespace {

bool same_values(const Tensor& a, const Tensor& b)
{
    if (a.type != b.type) return false;
    if (is_float(a.type)) return true;
    return a.quant.present() == b.quant.present() &&
           (!a.quant.present() ||
            (a.quant.scales == b.quant.scales && a.quant.zero_points == b.quant.zero_points));
}

bool is_plain_integer(const Tensor& tensor)
{
    return is_integer(tensor.type) && !tensor.quant.present();
}

}  // namespace

Tensor plain_tensor(std::string name, DType type, Shape shape)
{
    Tensor tensor;
    tensor.name = std::move(name);
    tensor.type = type;
    tensor.shape = std::move(shape);
    return tensor;
}

TensorId GraphBuilder::input(Tensor tensor)
{
    tensor.kind = TensorKind::activation;
    tensor.data = nullptr;
    const TensorId id = graph_.add_tensor(std::move(tensor));
    graph_.inputs.push_back(id);
    return id;
}

TensorId GraphBuilder::state(Tensor tensor)
{
    tensor.kind = TensorKind::state;
    return graph_.add_tensor(std::move(tensor));
}

TensorId GraphBuilder::state_input(Tensor tensor)
{
    const TensorId id = state(std::move(tensor));
    graph_.inputs.push_back(id);
    return id;
}

TensorId GraphBuilder::constant(std::string name, DType type, Shape shape,
                                std::vector<uint8_t> bytes, Quantization quant)
{
    Tensor tensor;
    tensor.name = std::move(name);
    tensor.type = type;
    tensor.shape = std::move(shape);
    tensor.quant = std::move(quant);
    const TensorId id = graph_.add_tensor(std::move(tensor));
    graph_.set_constant(id, std::move(bytes));
    return id;
}

TensorId GraphBuilder::zeros(std::string name, const Tensor& like)
{
    const int32_t zero = is_float(like.type) ? 0 : like.quant.zero_point();
    std::vector<uint8_t> bytes(static_cast<size_t>(like.bytes()));
    const auto size = static_cast<size_t>(element_bytes(like.type));
    for (size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<uint8_t>(int64_t{zero} >> (8 * (i % size)));
    return constant(std::move(name), like.type, like.shape, std::move(bytes), like.quant);
}

std::string GraphBuilder::unique_name(const std::string& name)
{
    return fmt::format("{}{}_{}", prefix_, name, count_++);
}

TensorId GraphBuilder::fresh(const std::string& name, DType type, Quantization quant)
{
    Tensor tensor;
    tensor.name = name;
    tensor.type = type;
    tensor.quant = std::move(quant);
    return graph_.add_tensor(std::move(tensor));
}

std::vector<TensorId> GraphBuilder::add(TfliteDraftOperator source, Node node)
{
    const TfliteMatch match = find_tflite_op(source.name);
    THIMBLE_CHECK(match.op != nullptr, "no operator imports " + source.name);
    node.source_op = source.name;
    node.op = match.op;
    TfliteDraft draft;
    draft.subgraphs.push_back({.operators = {std::move(source)}});
    const TfliteModel model = read_tflite(write_tflite(draft), "composition");
    match.import->import(model.subgraphs[0].operators[0], graph_, node);
    match.op->infer(graph_, node);
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().outputs;
}

TensorId GraphBuilder::node(const std::string& tflite_op, std::vector<TensorId> inputs,
                            std::vector<TfliteOption> options, DType type, Quantization quant)
{
    return node(tflite_op, std::move(inputs), std::move(options), {{type, std::move(quant)}})[0];
}

std::vector<TensorId> GraphBuilder::node(const std::string& tflite_op, std::vector<TensorId> inputs,
                                         std::vector<TfliteOption> options,
                                         const std::vector<std::pair<DType, Quantization>>& outputs)
{
    Node node;
    node.name = unique_name(lower_case(tflite_op));
    node.inputs = std::move(inputs);
    for (const auto& [type, quant] : outputs)
        node.outputs.push_back(fresh(node.name, type, quant));
    return add({.name = tflite_op, .options = std::move(options)}, std::move(node));
}

std::vector<TensorId> GraphBuilder::custom_node(
    const std::string& name, std::vector<TensorId> inputs,
    const std::vector<std::pair<std::string, int64_t>>& options, const std::vector<DType>& types)
{
    const std::string custom = "CUSTOM:" + name;
    const TfliteMatch match = find_tflite_op(custom);
    THIMBLE_CHECK(match.op != nullptr, "no operator imports " + custom);
    Node node;
    node.name = unique_name(std::string(match.op->name));
    node.inputs = std::move(inputs);
    for (const DType type : types) node.outputs.push_back(fresh(node.name, type, {}));
    return add({.name = custom, .custom_options = write_flex_map(options)}, std::move(node));
}

std::vector<TensorId> GraphBuilder::own_node(std::string_view op, std::vector<TensorId> inputs,
                                             std::any attributes, size_t outputs,
                                             const std::string& name)
{
    Node node;
    node.name = prefix_ + name;
    node.op = find_op(op);
    THIMBLE_CHECK(node.op != nullptr, "no operator " + std::string(op));
    node.source_op = std::string(op);
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    for (size_t i = 0; i < outputs; ++i)
        node.outputs.push_back(fresh(fmt::format("{}_{}", name, i), DType::f32, {}));
    node.op->infer(graph_, node);
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().outputs;
}

TensorId GraphBuilder::gather(TensorId from, TensorId indices)
{
    const Tensor& source = tensor(from);
    return node("GATHER", {from, indices}, {{tflite_field::gather::axis, int32_t{0}}}, source.type,
                source.quant);
}

TensorId GraphBuilder::concat(const std::vector<TensorId>& parts, int axis)
{
    if (parts.size() == 1) return parts[0];
    const Tensor& first = tensor(parts[0]);
    return node("CONCATENATION", parts, {{tflite_field::concatenation::axis, int32_t{axis}}},
                first.type, first.quant);
}

TensorId GraphBuilder::shaped_as(TensorId id, const Shape& shape, const Quantization& quant)
{
    const std::vector<int32_t> sizes(shape.begin(), shape.end());
    const TensorId wanted =
        constant(unique_name("shape"), {static_cast<int64_t>(sizes.size())}, sizes);
    return node("RESHAPE", {id, wanted}, {}, tensor(id).type, quant);
}

TensorId GraphBuilder::reshaped(TensorId id, const Shape& shape)
{
    const Tensor source = tensor(id);
    return source.shape == shape ? id : shaped_as(id, shape, source.quant);
}

TensorId GraphBuilder::relabelled(TensorId id, const Quantization& quant)
{
    const Shape shape = tensor(id).shape;
    return shaped_as(id, shape, quant);
}

TensorId GraphBuilder::real(TensorId id)
{
    if (tensor(id).type == DType::f32) return id;
    return node("DEQUANTIZE", {id}, {}, DType::f32);
}

TensorId GraphBuilder::converted(TensorId id, const Tensor& like)
{
    const Tensor& from = tensor(id);
    if (same_values(from, like)) return id;
    // Ids: models written by Keras take them as floats.
    if (is_plain_integer(from) && (is_plain_integer(like) || like.type == DType::f32))
        return node("CAST", {id}, {}, like.type);
    if (like.type == DType::f32) return real(id);
    return node("QUANTIZE", {id}, {}, like.type, like.quant);
}

std::vector<TensorId> GraphBuilder::inlined(const Graph& part, const std::vector<TensorId>& inputs,
                                            const std::string& prefix,
                                            const std::function<TensorId(Tensor)>& declare_state)
{
    THIMBLE_CHECK(inputs.size() == part.inputs.size(), part.name);
    std::vector<TensorId> ids(part.tensors.size(), kNoTensor);
    for (size_t i = 0; i < inputs.size(); ++i) {
        const Tensor& place = part.tensor(part.inputs[i]);
        THIMBLE_CHECK(
            tensor(inputs[i]).shape == place.shape && tensor(inputs[i]).type == place.type,
            "an input of " + part.name);
        ids[static_cast<size_t>(part.inputs[i])] = inputs[i];
    }
    for (size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] != kNoTensor) continue;
        const bool state = part.tensors[i].kind == TensorKind::state && declare_state;
        ids[i] = state ? declare_state(part.tensors[i]) : graph_.add_tensor(part.tensors[i]);
    }
    for (Node node : part.nodes) {
        for (std::vector<TensorId>* list : {&node.inputs, &node.outputs})
            for (TensorId& id : *list)
                if (id != kNoTensor) id = ids[static_cast<size_t>(id)];
        node.name = prefix + node.name;
        graph_.nodes.push_back(std::move(node));
    }
    std::vector<TensorId> outputs;
    for (const TensorId id : part.outputs) outputs.push_back(ids[static_cast<size_t>(id)]);
    return outputs;
}

void GraphBuilder::output(TensorId id, const std::string& name)
{
    if (!name.empty()) graph_.tensor(id).name = name;
    graph_.outputs.push_back(id);
}

Graph GraphBuilder::finish()
{
    verify_graph(graph_);
    return std::move(graph_);
}

}  // namespace thimble
