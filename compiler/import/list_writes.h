// Writes to a list of tensors, as the converter spells them out inside of loops.
//
//   before:  y = concatenation(slice(a, [0, 0], [i, -1]), v, slice(a, [i + 1, 0], [-1, -1]))
//   after:   y = dynamic_update_slice(a, v, [i, 0])
//
// The slices have sizes that are known only when the loop runs, which no other part of thimble
// allows; the whole does not change the shape of `a`. For i outside of the list the original fails,
// and the other one writes to the nearest place.
#pragma once

#include "formats/tflite.h"

namespace thimble {

void rewrite_list_writes(TfliteSubgraph& subgraph);

}  // namespace thimble
