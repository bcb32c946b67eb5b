// The network that `layers` of a stage describes, as a float graph with weights to begin from.
//
// The graph is an ordinary one: it can be evaluated, exported, quantised. Its input is what the
// stage in front gives, with an axis of 1 in front for the batch: float32 [1, shape...], where
// integers stand for themselves, or int32 ids [1, count] if the first layer is an embedding.
//
// Tested by tests/train/differentiable_test.cc.
#pragma once

#include "project/project_file.h"
#include "train/trainable.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace thimble {

// What the layers get, and what is added behind them.
struct NetworkSpec {
    std::vector<std::shared_ptr<const Settings>> layers;  // of a stage's key; at least one
    Tensor input;     // type and shape of what the stage in front gives
    int64_t ids = 0;  // it gives ids below this number; 0: it gives none
    // Of an encoder: a second output, tanh of a dense layer of so many units over the mean of the
    // first one's rows: the decoder's first state. 0: none.
    int64_t bridge = 0;
    // Of an encoder: each row of the first output ends with one value more, kMasked where the id is
    // `pad`, else 0. A query that ends with 1 never finds those rows.
    bool mask = false;
    int64_t pad = 0;
};
constexpr float kMasked = -30;  // e^-30 of the others' share

// Equal arguments give equal weights on every machine. Throws T0106 for layers that do not fit each
// other, with their line.
TrainableNetwork build_network(const NetworkSpec& spec, uint64_t seed);

// The trained network as it is used: without batch norms (folded into the layer in front), without
// input scale, activations fused into the layers in front.
Graph deployed(const TrainableNetwork& trained, const NetworkSpec& spec);

}  // namespace thimble
