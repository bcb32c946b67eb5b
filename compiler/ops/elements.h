// What the element-wise operators share besides broadcasting.
#pragma once

#include "ops/op.h"

#include <string>

namespace thimble {

// For operators without options.
void import_nothing(const TfliteOperator& source, Graph& graph, Node& node);

// Inputs and outputs that are quantized have one scale, not one per channel.
void require_per_tensor(const Graph& graph, const Node& node);

// One input, one output of the same shape and type; `expected` names the types of `known`.
void infer_unary(Graph& graph, Node& node, std::initializer_list<DType> known, std::string expected);

// The element type as a key of the kernels that take one: THB_S8 ... (device/kernels/element.h).
Arg type_key(LowerContext& context, DType type);

// A float32 function of device/kernels/unary.h.
void lower_unary_f32(LowerContext& context, std::string function);

}  // namespace thimble
