// What passes ask about a softmax.
#pragma once

namespace thimble {

struct Node;

// Factor of the exponents: y[i] = e^(beta x[i]) / sum.
float softmax_beta(const Node& node);

}  // namespace thimble
