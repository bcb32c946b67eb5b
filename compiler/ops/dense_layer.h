// Calls of the dense kernels, for every layer that is a matrix product with constant weights:
// dense, 1 x 1 convolutions, batch_matmul with a constant operand. Faster variants join here once
// for all.
#pragma once

#include "ops/weights.h"

namespace thimble {

// `rows` of node input 0 times the layer's weights; see device/kernels/dense.h.
void lower_dense_s8(LowerContext& context, const IntegerLayer& layer, int64_t rows);
void lower_dense_s16(LowerContext& context, const IntegerLayer& layer, int64_t rows);
// Weights [o][i] are node input 1, of any float format, constant or computed; the bias is input 2.
void lower_dense_f32(LowerContext& context, int64_t rows, int64_t in_count, int64_t out_count,
                     int activation);

// A layer of one row whose scales change from turn to turn (by_turn.h): running sums over the
// packed weights of dense_accumulate, then factors that the device computes. `no_dense_by_turn`:
// why not.
std::string no_dense_by_turn(const Graph& graph, const Node& dense);
void lower_dense_by_turn(LowerContext& context);

}  // namespace thimble
