// Small TensorFlow Lite models with WHILE, IF and CALL.
#pragma once

#include "formats/tflite_writer.h"

#include <string>
#include <utility>
#include <vector>

namespace thimble {

// (n, total) = (n + 1, total + x) while n < 5, from (0, start); x: [2, 3], handed through.
TfliteDraft while_draft();
// The body adds to a variable, reads it, and reshapes with a shape that it computes itself.
TfliteDraft variable_loop_draft();
// y = flag ? x * w : x + x, through a CALL in the first branch.
TfliteDraft if_draft();

// All of them, with names.
std::vector<std::pair<std::string, TfliteDraft>> control_drafts();

}  // namespace thimble
