// The network that `layers` of a stage describes, as a float graph with weights to begin from.
//
// The graph is an ordinary one: it can be evaluated, exported, quantised. Its input is what the
// stage in front gives, with an axis of 1 in front for the batch: float32 [1, shape...], where
// integers stand for themselves, or int32 ids [1, count] if the first layer is an embedding.
//
// Tested by tests/unit/train/layers_test.cc.
#pragma once

#include "ir/graph.h"
#include "project/project_file.h"

#include <cstdint>
#include <map>
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
};

// `input` gives type and shape of what the stage in front gives; `ids` is the number of ids that it
// may give, 0 when it gives none. Equal arguments give equal weights on every machine. Throws T0106
// for layers that do not fit each other, with their line.
TrainableNetwork build_network(const Settings& stage, const Tensor& input, int64_t ids,
                               uint64_t seed);

// The trained network as it is used: without batch norms (folded into the layer in front), without
// input scale, activations fused into the layers in front.
Graph deployed(const TrainableNetwork& trained, const Settings& stage, const Tensor& input,
               int64_t ids);

}  // namespace thimble
