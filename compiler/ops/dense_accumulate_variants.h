// Lowering of dense_accumulate: portable, and with the inner loops of the dense layers of each
// instruction set (device/arch/<isa>/dense_*.h), whose packed weights it repeats step by step.
#pragma once

#include "ops/lower.h"

namespace thimble {

void lower_dense_accumulate_s8(LowerContext& context);
void lower_dense_accumulate_f32(LowerContext& context);

}  // namespace thimble
