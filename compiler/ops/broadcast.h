// What the element-wise operators of two tensors share: broadcasting.
//
// Axes are aligned from the last one; an axis of size 1, or a missing one, is repeated. The oracle
// walks an index per element; lowering finds the cheapest walk for the kernels
// (device/kernels/pair.h).
#pragma once

#include "ops/op.h"

namespace thimble {

// Shape of the result; throws T0203 when the shapes do not broadcast.
Shape broadcast_shape(const Shape& a, const Shape& b);
// The most axes that the kernels walk.
inline constexpr size_t kMaxBroadcastRank = 8;

// For every element of `out`, in order, the index of the element of `in` that belongs to it.
std::vector<size_t> broadcast_indices(const Shape& in, const Shape& out);

// out[i] = function(a[i], b[i]) over inputs 0 and 1 of type T, broadcast to the output of type U.
template <typename T, typename U, typename Function>
void eval_pairs(EvalContext& c, Function function)
{
    const auto a = c.in<T>(0);
    const auto b = c.in<T>(1);
    const auto out = c.out<U>();
    const std::vector<size_t> at_a = broadcast_indices(c.input(0).shape, c.output().shape);
    const std::vector<size_t> at_b = broadcast_indices(c.input(1).shape, c.output().shape);
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<U>(function(a[at_a[i]], b[at_b[i]]));
}

// How kernels of two operands walk: the arguments form, period, walk, count of
// device/kernels/pair.h.
std::vector<Arg> pair_walk(LowerContext& context, const Shape& a, const Shape& b, const Shape& out);

// The arguments a, a_flash, b, b_flash, out, form, period, walk, count, as all kernels of two
// operands begin; allows in-place computation where that is safe.
std::vector<Arg> pair_args(LowerContext& context);

// Checks that inputs 0 and 1 have one type, sets the output's shape and type.
void infer_pair(Graph& graph, Node& node, DType output_type);

}  // namespace thimble
