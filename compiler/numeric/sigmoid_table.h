// The table of the 16-bit sigmoid: S[i] ~ 65536 / (1 + e^(-i / 24)), i = 0 ... 255.
//
// Data that the runtime fixed, used by the oracle and by lowering (LOGISTIC, TANH, LSTM). It is not
// the rounded function: 44 entries lie one above it. ops/element_wise_test.cc checks its checksum.
#pragma once

#include <cstdint>
#include <vector>

namespace thimble {

const std::vector<uint16_t>& sigmoid_table();

}  // namespace thimble
