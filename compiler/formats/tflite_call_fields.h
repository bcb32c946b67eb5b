// Field numbers as in tflite_fields.h, of the operator CALL. Read by the importer of subgraphs
// alone.
#pragma once

#include "formats/flat_table.h"

namespace thimble::tflite_field::call {

inline constexpr FlatField subgraph{0, "subgraph"};  // i32

}  // namespace thimble::tflite_field::call
