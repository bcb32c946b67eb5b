// Input tensors from files: .npy arrays, or .bin with the raw bytes of the tensor.
#pragma once

#include "ir/graph.h"
#include "verify/engine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace thimble {

// `specs` are "FILE" or "NAME=FILE"; those without a name go to the inputs in order. An array has
// the input's shape, axes of 1 aside, or that with a leading axis of `runs`; without it every run
// gets the same values. Returns one TensorBytes a run. Throws T0004 (names, count) and T0105
// (shape, type).
std::vector<TensorBytes> read_inputs(const Graph& graph, const std::vector<std::string>& specs,
                                     int64_t runs);

// "'x' int8[1, 150]": how a user must provide the inputs.
std::string inputs_text(const Graph& graph);

// The type name of .npy ("i1") for a tensor; float16 is stored as its bits, "u2".
std::string npy_type_of(DType type);

// File name stem from a tensor's name: letters, digits, '.', '-', '_'; never empty.
std::string file_stem(const std::string& tensor_name);

}  // namespace thimble
