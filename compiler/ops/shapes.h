// What the infer functions of shape operators share: constant operands, axes, output shapes.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace thimble {

// The integers of an input that must be known at compile time; `what` names it in the error
// (T0204).
std::vector<int64_t> constant_integers(const Graph& graph, const Node& node, size_t input,
                                       std::string_view what);
// The same for exactly one number.
int64_t constant_integer(const Graph& graph, const Node& node, size_t input, std::string_view what);

// Axis in [-rank, rank) counted from 0; T0203 when it lies outside.
size_t normal_axis(int64_t axis, size_t rank);

// The input holds numbers or bools, so that its elements can be moved as bytes.
void require_elements(const Graph& graph, const Node& node, std::initializer_list<size_t> inputs);
void require_input_type(const Graph& graph, const Node& node, size_t input,
                        std::initializer_list<DType> types);
// Both tensors carry the same scale and zero point, or none.
bool same_quantization(const Tensor& a, const Tensor& b);
void require_same_quantization(const Graph& graph, const Node& node, size_t input);

// Sets type and shape of an output after checking that its size is sane: a few numbers in a
// malformed file (a tile of 2^30) must not make the compiler allocate without bound.
void set_output(Graph& graph, const Node& node, size_t output, DType type, Shape shape);

}  // namespace thimble
