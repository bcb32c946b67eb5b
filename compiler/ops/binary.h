// Functions of two plain numbers, that is without quantisation: float32, int64, and the integers up
// to int32, whose arithmetic wraps. A division by zero, undefined in the reference, gives 0 for
// integers.
#pragma once

#include "ops/op.h"

namespace thimble {

enum class Binary {
    add,
    sub,
    mul,
    div,
    floor_div,
    floor_mod,
    maximum,
    minimum,
    squared_difference,
    pow,
    atan2
};

// `activation`: a fused one (tflite_fields.h), whose limits are applied even when it is none,
// because the reference turns infinities to the greatest number there; kNoClamp: the operator has
// none.
inline constexpr int kNoClamp = -1;
// The oracle; inputs and output have one type.
void eval_plain(EvalContext& context, Binary function, int activation);
void lower_plain(LowerContext& context, Binary function, int activation);

}  // namespace thimble
