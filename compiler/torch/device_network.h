// A quantised network beside its float form, while that one is trained: the values that the device
// computes, for all of its tensors.
//
// Tested by tests/train/device_task_test.cc.
#pragma once

#include "ops/evaluate.h"
#include "quantize/quantize.h"
#include "train/trainable.h"

#include <torch/types.h>

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace thimble {

// All float constants that a layer multiplies with, adds, or takes rows from.
TrainableNetwork trainable_network(const FloatNetwork& network);

class DeviceNetwork {
public:
    // `quantized` is kept, and holds the trained weights at last.
    explicit DeviceNetwork(Quantized& quantized);
    DeviceNetwork(const DeviceNetwork&) = delete;
    DeviceNetwork& operator=(const DeviceNetwork&) = delete;

    const Graph& graph() const { return quantized_.graph(); }
    // Rounds the weights of `now` into the quantised graph.
    void requantize(const TrainableNetwork& now);

    // Forgets the samples that were run.
    void begin_batch();
    // The oracle runs one sample of the batch: bytes of all inputs.
    void run(const std::vector<std::vector<uint8_t>>& inputs);
    // Stands for a sample whose values do not count: zeros.
    void run_nothing();
    // Of the sample that was run last.
    std::span<const uint8_t> output(size_t index) const { return oracle_->output(index); }
    // By tensor of the float network: constants, and activations of the batch in the order of its
    // samples, as real numbers.
    std::map<TensorId, torch::Tensor> values() const;

private:
    void take_constants();

    Quantized& quantized_;
    std::optional<Evaluator> oracle_;
    std::map<TensorId, torch::Tensor> constants_;
    std::map<TensorId, std::vector<float>> batch_;  // of activations, sample by sample
    int64_t samples_ = 0;
};

}  // namespace thimble
