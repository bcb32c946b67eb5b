#include "torch/differentiable.h"

#include "base/error.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "ops/tflite_export.h"
#include "torch/operators.h"

#include <ATen/ATen.h>
#include <cstring>

namespace thimble {

namespace {

// The node as a file has it: operator and options.
TfliteDraftOperator file_form(const Graph& graph, const Node& node)
{
    if (recurrent_attributes(node)) return {.name = std::string(node.op->name)};
    require(node.op->export_tflite != nullptr, ErrorCode::T0202,
            {graph.node_place(node), "operator " + std::string(node.op->name),
             "operators of the layers of docs/project-file.md",
             "thimble quantize, which needs no training"});
    TfliteExport file(graph);
    node.op->export_tflite(file, node);
    return file.finish().subgraphs[0].operators.back();
}

// A tensor's value in a run of so many samples: the first axis is theirs. What a graph holds as
// [steps, 1, ...] is [samples, steps, ...]; what follows from constants alone is repeated.
torch::Tensor batched(const torch::Tensor& value, const Tensor& tensor, int64_t samples)
{
    std::vector<int64_t> shape = tensor.shape;
    if (shape.size() == 3 && shape[0] > 1) std::swap(shape[0], shape[1]);
    shape[0] = samples;
    if (value.numel() == tensor.count() && samples > 1) {
        std::vector<int64_t> one = shape;
        one[0] = 1;
        return value.reshape(one).expand(shape);
    }
    return value.reshape(shape);
}

std::vector<uint8_t> bytes_of(const torch::Tensor& tensor)
{
    const torch::Tensor flat = tensor.detach().contiguous();
    const auto* bytes = reinterpret_cast<const uint8_t*>(flat.data_ptr<float>());
    return {bytes, bytes + flat.numel() * static_cast<int64_t>(sizeof(float))};
}

}  // namespace

torch::Tensor to_torch(const Tensor& tensor)
{
    if (tensor.type == DType::f32) {
        const auto values = tensor.values<float>();
        return torch::tensor(std::vector<float>(values.begin(), values.end()))
            .reshape(tensor.shape);
    }
    return torch::tensor(tensor.integers(), torch::kInt64).reshape(tensor.shape);
}

Differentiable::Differentiable(TrainableNetwork network) : network_(std::move(network))
{
    const Graph& graph = network_.graph;
    for (const Node& node : graph.nodes) forms_.push_back(file_form(graph, node));
    for (size_t i = 0; i < graph.tensors.size(); ++i)
        if (graph.tensors[i].is_constant())
            constants_[static_cast<TensorId>(i)] = to_torch(graph.tensors[i]);
    for (const TensorId id : network_.weights)
        weights_.push_back(constants_.at(id).set_requires_grad(true));
    for (const BatchNorm& norm : network_.norms)
        for (const auto* values : {&norm.mean, &norm.variance})
            statistics_.push_back(torch::tensor(*values));
    const Node& last = graph.nodes.back();
    const bool squashes = last.op->name == "softmax" || last.op->name == "logistic";
    last_logits_ = squashes ? last.inputs[0] : last.outputs[0];
}

torch::Tensor Differentiable::value(TensorId id)
{
    if (id == kNoTensor) return {};
    const auto constant = constants_.find(id);
    return constant != constants_.end() ? as_exact(id, constant->second) : values_.at(id);
}

torch::Tensor Differentiable::as_exact(TensorId id, const torch::Tensor& value) const
{
    const auto exact = exact_.find(id);
    if (exact == exact_.end()) return value;
    // In this order the sum is `exact` to the last bit: x - x is 0.
    return exact->second.reshape(value.sizes()) + (value - value.detach());
}

torch::Tensor Differentiable::normalized(size_t index, const torch::Tensor& x, bool training)
{
    const BatchNorm& norm = network_.norms[index];
    torch::Tensor& mean = statistics_[2 * index];
    torch::Tensor& variance = statistics_[2 * index + 1];
    const torch::Tensor flat = x.reshape({-1, x.size(-1)});
    const torch::Tensor y =
        at::batch_norm(flat, constants_.at(norm.gamma), constants_.at(norm.beta), mean, variance,
                       training, 1 - kBatchNormMomentum, kBatchNormEpsilon, false);
    return y.reshape(x.sizes());
}

std::vector<torch::Tensor> Differentiable::evaluate(size_t index, bool training)
{
    const Graph& graph = network_.graph;
    const Node& node = graph.nodes[index];
    for (size_t i = 0; i < network_.norms.size(); ++i) {
        const BatchNorm& norm = network_.norms[i];
        if (norm.node == index) return {normalized(i, value(node.inputs[0]), training)};
        if (norm.node + 1 == index) return {value(node.inputs[0])};
    }
    const TfliteDraftOperator& form = forms_[index];
    const NodeValues values{
        graph, node, form,
        [&](size_t i) { return i < node.inputs.size() ? value(node.inputs[i]) : torch::Tensor(); }};
    if (recurrent_attributes(node)) return {evaluate_recurrent(values)};
    return evaluate_operator(values);
}

void Differentiable::run(const std::vector<torch::Tensor>& inputs, bool training)
{
    const Graph& graph = network_.graph;
    values_.clear();
    for (size_t i = 0; i < inputs.size(); ++i) {
        const TensorId id = graph.inputs[i];
        const bool as_it_is = network_.input_scale == 1;
        values_[id] = as_exact(id, as_it_is ? inputs[i] : inputs[i] * network_.input_scale);
    }
    const int64_t samples = inputs[0].size(0);
    for (size_t index = 0; index < graph.nodes.size(); ++index) {
        const std::vector<torch::Tensor> results = evaluate(index, training);
        for (size_t i = 0; i < results.size(); ++i) {
            const TensorId id = graph.nodes[index].outputs[i];
            torch::Tensor result = batched(results[i], graph.tensor(id), samples);
            const auto dropped = network_.dropout.find(id);
            if (training && dropped != network_.dropout.end())
                result = at::dropout(result, dropped->second, true);
            values_[id] = as_exact(id, result);
        }
    }
}

std::vector<torch::Tensor> Differentiable::forward(const std::vector<torch::Tensor>& inputs,
                                                   bool training)
{
    run(inputs, training);
    std::vector<torch::Tensor> outputs;
    for (const TensorId id : network_.graph.outputs) outputs.push_back(value(id));
    values_.clear();
    return outputs;
}

torch::Tensor Differentiable::logits(const std::vector<torch::Tensor>& inputs, bool training)
{
    run(inputs, training);
    const torch::Tensor result = value(last_logits_);
    values_.clear();
    return result;
}

TrainableNetwork Differentiable::network() const
{
    TrainableNetwork network = network_;
    for (size_t i = 0; i < weights_.size(); ++i)
        network.graph.set_constant(network.weights[i], bytes_of(weights_[i]));
    for (size_t i = 0; i < network.norms.size(); ++i) {
        std::vector<float>* const both[] = {&network.norms[i].mean, &network.norms[i].variance};
        for (size_t k = 0; k < 2; ++k)
            std::memcpy(both[k]->data(), statistics_[2 * i + k].data_ptr<float>(),
                        both[k]->size() * sizeof(float));
    }
    return network;
}

}  // namespace thimble
