// A quantised network as a task: training on with the device's own arithmetic.
//
// Forward, every tensor has exactly the value that the device computes: the oracle evaluates the
// quantised graph for each sample. Backward, gradients are those of the float network at these
// values (straight-through estimator; Bengio, Leonard, Courville 2013):
//
//   y = f(x) + stop_gradient(exact - f(x))
//
// So whatever the oracle can evaluate can be trained on. Scales stay; weights that leave their
// range saturate. Within a recurrent layer the float recurrence gives the gradients.
//
// Tested by tests/train/device_task_test.cc.
#pragma once

#include "torch/device_network.h"
#include "torch/sample_task.h"

namespace thimble {

class DeviceTask : public SampleTask {
public:
    // `quantized` is kept, and holds the trained weights at last. Throws T0202 for layers that have
    // no gradient.
    DeviceTask(Quantized& quantized, const SampleSet& set, const TrainOptions& options,
               const std::string& place);

    torch::Tensor loss(std::span<const int64_t> samples, bool training, Score& score) override;
    // Rounds the weights of now into the quantised graph.
    void requantize() { device_.requantize(network()); }

private:
    void take_exact_values(std::span<const int64_t> samples);
    const LabelledSample& sample(int64_t number) const;

    DeviceNetwork device_;
    const SampleSet& set_;
};

}  // namespace thimble
