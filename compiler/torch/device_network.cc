#include "torch/device_network.h"

#include "evaluate/values.h"
#include "ops/op.h"

#include <ATen/ATen.h>
#include <algorithm>

namespace thimble {

namespace {

// Appends what a tensor stands for.
void append_real_values(const Tensor& tensor, std::span<const uint8_t> bytes,
                        std::vector<float>& out)
{
    Tensor one;  // an element of the channel
    one.type = tensor.type;
    one.quant = tensor.quant;
    const auto channels = static_cast<int64_t>(tensor.quant.scales.size());
    int64_t inner = 1;
    for (size_t d = static_cast<size_t>(tensor.quant.axis) + 1; d < tensor.shape.size(); ++d)
        inner *= tensor.shape[d];
    for (int64_t i = 0; i < tensor.count(); ++i) {
        if (channels > 1) {
            const auto channel = static_cast<size_t>(i / inner % channels);
            one.quant.scales.assign(1, tensor.quant.scales[channel]);
            one.quant.zero_points.assign(1, tensor.quant.zero_points[channel]);
        }
        out.push_back(static_cast<float>(real_value(one, bytes, i)));
    }
}

torch::Tensor to_torch(const std::vector<float>& values, const Shape& shape)
{
    return torch::tensor(at::ArrayRef<float>(values)).reshape(shape);
}

bool learns(const Graph& graph, const Node& node, size_t input, QuantizationRule::Role role)
{
    using Role = QuantizationRule::Role;
    if (role == Role::weights || role == Role::bias) return true;
    // A table of embeddings; one of a single column marks pads (Seq2seqSpec::mask).
    return node.op->name == "gather" && input == 0 && graph.input(node, 0).shape.back() > 1;
}

}  // namespace

TrainableNetwork trainable_network(const FloatNetwork& network)
{
    TrainableNetwork result;
    result.graph = network.graph;
    for (const Node& node : network.graph.nodes) {
        const QuantizationRule rule = rule_of(network.graph, node);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            const TensorId id = node.inputs[i];
            if (id == kNoTensor || !learns(network.graph, node, i, rule.inputs[i].role)) continue;
            const Tensor& tensor = network.graph.tensor(id);
            if (!tensor.is_constant() || tensor.type != DType::f32) continue;
            if (std::ranges::find(result.weights, id) == result.weights.end())
                result.weights.push_back(id);
        }
    }
    return result;
}

DeviceNetwork::DeviceNetwork(Quantized& quantized) : quantized_(quantized)
{
    take_constants();
}

void DeviceNetwork::requantize(const TrainableNetwork& now)
{
    for (const TensorId id : now.weights)
        quantized_.network.graph.set_constant(id, *now.graph.tensor(id).data);
    requantize_weights(quantized_.assembled, quantized_.network);
    take_constants();
}

void DeviceNetwork::take_constants()
{
    oracle_.emplace(graph(), Match::tflm);
    constants_.clear();
    for (size_t t = 0; t < quantized_.assembled.float_of.size(); ++t) {
        const TensorId of = quantized_.assembled.float_of[t];
        const Tensor& tensor = graph().tensors[t];
        if (of == kNoTensor || !tensor.quant.present() || constants_.contains(of)) continue;
        std::vector<float> values;
        append_real_values(tensor, *tensor.data, values);
        constants_[of] = to_torch(values, tensor.shape);
    }
}

void DeviceNetwork::begin_batch()
{
    samples_ = 0;
    batch_.clear();
    const Graph& floats = quantized_.network.graph;
    for (size_t t = 0; t < floats.tensors.size(); ++t) {
        const auto id = static_cast<TensorId>(t);
        if (graph().tensor(id).kind == TensorKind::activation &&
            floats.tensor(id).type == DType::f32 && graph().tensor(id).count() > 0)
            batch_[id];
    }
}

void DeviceNetwork::run(const std::vector<std::vector<uint8_t>>& inputs)
{
    oracle_->reset();
    oracle_->begin_sequence();
    for (size_t i = 0; i < inputs.size(); ++i) oracle_->set_input(i, inputs[i]);
    oracle_->run();
    ++samples_;
    for (auto& [id, values] : batch_)
        if (const auto bytes = oracle_->value(id); !bytes.empty())
            append_real_values(graph().tensor(id), bytes, values);
}

void DeviceNetwork::run_nothing()
{
    ++samples_;
    for (auto& [id, values] : batch_)
        values.resize(static_cast<size_t>(samples_ * graph().tensor(id).count()), 0.0f);
}

std::map<TensorId, torch::Tensor> DeviceNetwork::values() const
{
    std::map<TensorId, torch::Tensor> all = constants_;
    for (const auto& [id, values] : batch_) {
        const Tensor& tensor = graph().tensor(id);
        if (static_cast<int64_t>(values.size()) != samples_ * tensor.count()) continue;
        Shape shape = tensor.shape;
        shape[0] *= samples_;
        all[id] = to_torch(values, shape);
    }
    return all;
}

}  // namespace thimble
