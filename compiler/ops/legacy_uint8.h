// Legacy uint8 values that stayed uint8.
#pragma once

#include "ops/op.h"

namespace thimble {

// passes/shift_uint8.cc makes quantised uint8 int8, but for variables and what shares a layer with
// them: a lowering that computes has no kernel for those.
[[noreturn]] inline void refuse_uint8(const LowerContext& context)
{
    fail(ErrorCode::T0202, {context.graph.node_place(context.node),
                            "computes with quantised uint8 values that a variable holds", "int8",
                            "convert the model again with int8 quantisation"});
}

}  // namespace thimble
