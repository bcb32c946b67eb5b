// A float graph with weights to train, and what builds one.
#pragma once

#include "base/random.h"
#include "ir/graph.h"
#include "project/graph_builder.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace thimble {

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, per index of the last axis. In the graph
// it stands as MUL by `gamma` and ADD of `beta`; while training, nodes `node` and `node` + 1 are
// computed with the statistics of the batch, whose running means are kept here.
struct BatchNorm {
    size_t node = 0;  // the MUL
    TensorId gamma = kNoTensor, beta = kNoTensor;
    std::vector<float> mean, variance;
};
constexpr float kBatchNormEpsilon = 1e-3f;
constexpr float kBatchNormMomentum = 0.9f;  // of the running means

struct TrainableNetwork {
    Graph graph;
    std::vector<TensorId> weights;       // constants that training changes, f32
    std::map<TensorId, double> dropout;  // tensor -> share of its values left out in training
    std::vector<BatchNorm> norms;
    // Training sees inputs times this factor: 1/128 for int8, 1/255 for uint8, so that weights of
    // all layers are of one size. deployed() takes it into the first layer's weights.
    float input_scale = 1;

    int64_t weight_count() const;
};

// Builds a graph whose constants are weights, drawn from one seed.
class WeightedBuilder {
public:
    WeightedBuilder(const std::string& name, uint64_t seed) : graph(name), random_(seed) {}

    // Names of layers and weights begin with it from now on.
    void set_prefix(const std::string& prefix);
    const std::string& prefix() const { return prefix_; }

    // Even in [middle - limit, middle + limit).
    TensorId weight(const std::string& name, Shape shape, double limit, float middle = 0);
    // Glorot and Bengio 2010: even in +-sqrt(6 / (inputs + outputs)).
    TensorId glorot(const std::string& name, Shape shape, int64_t inputs, int64_t outputs);
    TensorId bias(const std::string& name, int64_t count, float value = 0);
    // W in + b along the last axis, with a fused activation (the file's code).
    TensorId dense(TensorId in, const std::string& name, int64_t units, int8_t activation = 0,
                   float first_bias = 0);
    // A node with one input.
    TensorId function(const std::string& tflite_op, TensorId in);

    // Ends the graph, and leaves the rest of `network` as it is.
    TrainableNetwork finish(TrainableNetwork network = {});

    GraphBuilder graph;

private:
    SplitMix64 random_;
    std::string prefix_;
    std::vector<TensorId> weights_;
};

// Copies the weights of equal names.
void copy_weights(const TrainableNetwork& from, TrainableNetwork& to);

}  // namespace thimble
