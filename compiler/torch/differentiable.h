// A float graph that libtorch differentiates: its weights become leaves of the gradient, and its
// batch axis, of size 1 in the graph, any number of samples.
//
// Tested by tests/train/differentiable_test.cc.
#pragma once

#include "formats/tflite_writer.h"
#include "train/layers.h"

#include <torch/types.h>

#include <map>
#include <vector>

namespace thimble {

class Differentiable {
public:
    // The graph's operators are among those that build_network makes; others throw T0202.
    explicit Differentiable(TrainableNetwork network);

    // One tensor for each input of the graph, its first axis any number of samples. `training`:
    // batch norms take the statistics of the batch, and dropout drops. Returns the outputs.
    std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& inputs, bool training);
    // The first output as it is in front of a last softmax or logistic, for losses that hold these.
    torch::Tensor logits(const std::vector<torch::Tensor>& inputs, bool training);

    // What tensors are to hold in the runs from now on: activations with their batch axis, weights,
    // inputs. Gradients stay those of what would be there without it.
    void set_exact(std::map<TensorId, torch::Tensor> exact) { exact_ = std::move(exact); }

    // The weights in the order of TrainableNetwork::weights; shared with this object.
    std::vector<torch::Tensor>& weights() { return weights_; }
    // The running means and variances of the batch norms, one after the other.
    std::vector<torch::Tensor>& statistics() { return statistics_; }
    // The network with the weights of now.
    TrainableNetwork network() const;

private:
    void run(const std::vector<torch::Tensor>& inputs, bool training);
    std::vector<torch::Tensor> evaluate(size_t index, bool training);
    torch::Tensor normalized(size_t norm, const torch::Tensor& x, bool training);
    torch::Tensor value(TensorId id);
    torch::Tensor as_exact(TensorId id, const torch::Tensor& value) const;

    TrainableNetwork network_;
    std::vector<TfliteDraftOperator> forms_;  // of the nodes
    std::vector<torch::Tensor> weights_;
    std::vector<torch::Tensor> statistics_;
    std::map<TensorId, torch::Tensor> constants_;  // weights among them
    std::map<TensorId, torch::Tensor> values_;     // of the run
    std::map<TensorId, torch::Tensor> exact_;
    TensorId last_logits_ = kNoTensor;
};

// Elements of a graph's tensor, as float32 or int64, with the shape of the tensor.
torch::Tensor to_torch(const Tensor& tensor);

}  // namespace thimble
