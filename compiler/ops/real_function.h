// What operators share that are a real function of one element: ELU, GELU, EXP, SIN ...
//
// float32: the function. int8, uint8: the function of the real value, rounded to the output's
// scale, all in float (docs/numerics.md, "Tables of real functions"); a table on the device.
#pragma once

#include "ops/op.h"

#include <functional>
#include <string>

namespace thimble {

using RealFunction = std::function<float(float)>;

void eval_real_function(EvalContext& context, const RealFunction& function);
// `kernel_function`: of device/kernels/unary.h.
void lower_real_function(LowerContext& context, const RealFunction& function,
                         std::string kernel_function);

}  // namespace thimble
