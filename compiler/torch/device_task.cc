#include "torch/device_task.h"

#include "train/quantized_network.h"

namespace thimble {

namespace {

// The oracle is given samples as they are, and so is the float network beside it.
TrainOptions unchanged_samples(TrainOptions options)
{
    options.mask_rows = options.mask_channels = 0;
    options.shift_rows = options.shift_channels = 0;
    return options;
}

}  // namespace

DeviceTask::DeviceTask(Quantized& quantized, const SampleSet& set, const TrainOptions& options,
                       const std::string& place)
    : SampleTask(trainable_network(quantized.network), set, unchanged_samples(options), place),
      device_(quantized),
      set_(set)
{
}

const LabelledSample& DeviceTask::sample(int64_t number) const
{
    const auto at = static_cast<size_t>(number);
    return at < set_.train.size() ? set_.train[at] : set_.test[at - set_.train.size()];
}

void DeviceTask::take_exact_values(std::span<const int64_t> samples)
{
    requantize();
    const Graph& graph = device_.graph();
    device_.begin_batch();
    for (const int64_t number : samples)
        device_.run({input_bytes(sample(number), set_.sample, graph.tensor(graph.inputs[0]))});
    set_exact(device_.values());
}

torch::Tensor DeviceTask::loss(std::span<const int64_t> samples, bool training, Score& score)
{
    take_exact_values(samples);
    return SampleTask::loss(samples, training, score);
}

}  // namespace thimble
