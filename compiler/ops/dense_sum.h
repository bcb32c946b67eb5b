// A dense layer over a whole sequence, split over time into running sums, so that the sequence
// itself need not be stored (passes/stream_time.cc):
//
//   y[o] = act(b[o] + sum_t sum_i x[t,i] * w[o, t * k + i])
//
//   dense_accumulate, once a step:  sums'[o] = sums[o] + sum_i (x[i] + 128) * w[t][o][i]
//   dense_finish, after the last:   y[o] = requantize(sums[o])
//
// Inputs of int8 are counted from -128: unsigned bytes are what Armv6-M and AVR multiply fastest.
// What that adds, and the input's zero point, is constant and lies in the first value of the sums
// with the bias. Integer sums are equal in any order; their range is proven when the layer is
// split. Float layers sum x * w, starting from the bias.
#pragma once

#include "ir/graph.h"

#include <optional>
#include <vector>

namespace thimble {

// Inputs of dense_accumulate: x of one step, all weights [T, o, k], the sums [1, o], the step [1]
// (int32). Output 0: the sums. Lowered code finds the weights of a step by the loop it runs in.
namespace dense_accumulate_input {
enum : size_t { x = 0, weights = 1, sums = 2, step = 3, count = 4 };
}

// Input 0 of dense_finish are the sums, int32 or float32.
struct DenseFinishAttributes {
    std::vector<double> factors;  // in_scale * weight_scale / out_scale: one, or one per output
    int activation = 0;
};

// A dense layer of one row over the flattened sequence, as running sums.
struct SplitDense {
    Tensor weights;  // constant [T, o, k]
    Tensor sums;     // constant: their first values, in the shape of the layer's output
    DenseFinishAttributes finish;
};
// The parts of `dense`, whose weights are [o, T * k]; nothing when a sum could leave int32.
std::optional<SplitDense> split_dense(const Graph& graph, const Node& dense, int64_t steps);

// True when kernels of `node` read this input: all but the step, which the loop around knows.
bool is_read_on_device(const Node& node, size_t input);

// Of a dense node: its fused activation, and in_scale * weight_scale / out_scale per output or one.
int dense_activation(const Node& dense);
std::vector<double> dense_factors(const Graph& graph, const Node& dense);

}  // namespace thimble
