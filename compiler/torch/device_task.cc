#include "torch/device_task.h"

#include "evaluate/values.h"
#include "ops/evaluate.h"
#include "train/quantized_network.h"

#include <ATen/ATen.h>

namespace thimble {

namespace {

// All float constants that a layer multiplies with or adds.
TrainableNetwork trainable(const FloatNetwork& network)
{
    TrainableNetwork result;
    result.graph = network.graph;
    std::map<TensorId, bool> taken;
    for (const Node& node : network.graph.nodes) {
        const QuantizationRule rule = rule_of(network.graph, node);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            const TensorId id = node.inputs[i];
            const QuantizationRule::Role role = rule.inputs[i].role;
            const bool learns =
                role == QuantizationRule::Role::weights || role == QuantizationRule::Role::bias;
            if (id == kNoTensor || !learns || taken[id]) continue;
            const Tensor& tensor = network.graph.tensor(id);
            if (!tensor.is_constant() || tensor.type != DType::f32) continue;
            taken[id] = true;
            result.weights.push_back(id);
        }
    }
    return result;
}

// What a tensor stands for, as real numbers of the tensor's own shape.
torch::Tensor real_values(const Tensor& tensor, std::span<const uint8_t> bytes)
{
    torch::Tensor values = at::empty({tensor.count()}, torch::kFloat32);
    float* const out = values.data_ptr<float>();
    const int64_t inner = [&] {
        int64_t count = 1;
        for (size_t d = static_cast<size_t>(tensor.quant.axis) + 1; d < tensor.shape.size(); ++d)
            count *= tensor.shape[d];
        return count;
    }();
    Tensor one = tensor;  // of the scale of a channel
    const auto channels = static_cast<int64_t>(tensor.quant.scales.size());
    for (int64_t i = 0; i < tensor.count(); ++i) {
        if (channels > 1) {
            const auto channel = static_cast<size_t>(i / inner % channels);
            one.quant.scales = {tensor.quant.scales[channel]};
            one.quant.zero_points = {tensor.quant.zero_points[channel]};
        }
        out[i] = static_cast<float>(real_value(one, bytes, i));
    }
    return values.reshape(tensor.shape);
}

}  // namespace

DeviceTask::DeviceTask(Quantized& quantized, const SampleSet& set, const TrainOptions& options,
                       const std::string& place)
    : SampleTask(trainable(quantized.network), set, options, place),
      quantized_(quantized),
      set_(set)
{
}

const LabelledSample& DeviceTask::sample(int64_t number) const
{
    const auto at = static_cast<size_t>(number);
    return at < set_.train.size() ? set_.train[at] : set_.test[at - set_.train.size()];
}

void DeviceTask::requantize()
{
    const TrainableNetwork now = network();
    for (const TensorId id : now.weights)
        quantized_.network.graph.set_constant(id, *now.graph.tensor(id).data);
    requantize_weights(quantized_.assembled, quantized_.network);
}

void DeviceTask::take_exact_values(std::span<const int64_t> samples)
{
    requantize();
    const Graph& graph = quantized_.graph();
    const Graph& floats = quantized_.network.graph;
    std::map<TensorId, torch::Tensor> exact;
    for (size_t t = 0; t < quantized_.assembled.float_of.size(); ++t) {
        const TensorId of = quantized_.assembled.float_of[t];
        const Tensor& tensor = graph.tensors[t];
        if (of != kNoTensor && tensor.quant.present() && !exact.contains(of))
            exact[of] = real_values(tensor, *tensor.data);
    }
    std::map<TensorId, std::vector<torch::Tensor>> rows;
    Evaluator oracle(graph, Match::tflm);
    for (const int64_t number : samples) {
        oracle.reset();
        oracle.begin_sequence();
        oracle.set_input(0,
                         input_bytes(sample(number), set_.sample, graph.tensor(graph.inputs[0])));
        oracle.run();
        for (size_t t = 0; t < floats.tensors.size(); ++t) {
            const auto id = static_cast<TensorId>(t);
            const Tensor& tensor = graph.tensor(id);
            const bool computed = tensor.kind == TensorKind::activation &&
                                  floats.tensor(id).type == DType::f32 && tensor.count() > 0;
            if (computed && !oracle.value(id).empty())
                rows[id].push_back(real_values(tensor, oracle.value(id)));
        }
    }
    for (auto& [id, values] : rows) exact[id] = at::cat(values, 0);
    set_exact(std::move(exact));
}

torch::Tensor DeviceTask::loss(std::span<const int64_t> samples, bool training, Score& score)
{
    take_exact_values(samples);
    return SampleTask::loss(samples, training, score);
}

}  // namespace thimble
