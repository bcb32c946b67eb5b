// What the element-wise operators share besides broadcasting.
#pragma once

#include "ops/op.h"

#include <string>

namespace thimble {

// For operators without options.
void import_nothing(const TfliteOperator& source, Graph& graph, Node& node);

// Inputs and outputs that are quantized have one scale, not one per channel.
void require_per_tensor(const Graph& graph, const Node& node);

// One input of a known type, one output of the same shape and type.
void infer_unary(Graph& graph, Node& node, std::initializer_list<DType> known);
// The same; integers up to 16 bits must carry one scale and zero point, on both sides.
void infer_quantized_unary(Graph& graph, Node& node, std::initializer_list<DType> known);

// Refuses an input type that is not among `known`.
void require_plain_type(DType type, std::initializer_list<DType> known);

// The element type as a key of the kernels that take one: THB_S8 ... (device/kernels/element.h).
Arg type_key(LowerContext& context, DType type);

// A float32 function of device/kernels/unary.h.
void lower_unary_f32(LowerContext& context, std::string function);

}  // namespace thimble
