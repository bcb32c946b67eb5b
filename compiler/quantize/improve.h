// Changes of the float network that cost nothing on the device and help rounding.
#pragma once

#include "quantize/assemble.h"

namespace thimble {

// Cross-layer equalisation: where a layer's output goes through a rectifier, or nothing, into one
// other layer, channel c is divided by s[c] in the first and multiplied in the second, so that both
// layers' weights of that channel span the same range: s = sqrt(r1 / r2). The function stays the
// same but for float rounding. True when anything changed.
// Source: Nagel et al. 2019, arXiv:1906.04721, section 4.1.
bool equalize_layers(FloatNetwork& network);

// Rounded weights shift a layer's mean output by sum_i (W - round(W))[o, i] * mean(x[i]); the
// biases take that back. Layers without a bias stay as they are. True when anything changed.
// Source: the same, section 4.2, with the observed means of the inputs.
bool correct_biases(FloatNetwork& network, const Assembled& assembled, const Observed& observed);

}  // namespace thimble
