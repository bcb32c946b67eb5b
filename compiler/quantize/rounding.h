// Rounds coarse weights so that the outputs of their layer stay, not each weight by itself.
//
// With H = sum of x x^T over all rows x that the layer reads, the squared error of an output whose
// weights are wrong by e is e^T H e. Weights are rounded one after another, those that read the
// most signal first; what one is wrong by is made up for by those that are still to come: with H^-1
// = U^T U, U upper triangular, weight j moves by -e_i U_ij / U_ii. (Frantar, Ashkboos, Hoefler,
// Alistarh 2023, GPTQ, arXiv:2210.17323, after Hassibi and Stork 1993.)
//
// Tested by tests/unit/quantize/rounding_test.cc.
#pragma once

#include "quantize/assemble.h"

#include <functional>
#include <map>
#include <vector>

namespace thimble {

// Of one matrix of weights; of a depthwise layer one for each channel.
struct RoundingOrder {
    std::vector<size_t> order;  // of the elements of a row, as they are rounded
    std::vector<double> upper;  // U, [k][k], rows and columns in that order
};

// By the float network's tensor of weights. Matrices with very long rows, and layers other than
// dense, conv2d and depthwise_conv2d, are missing: they are rounded as before.
using Rounding = std::map<TensorId, std::vector<RoundingOrder>>;

// Looks at what the layers read in `runs`. `progress` is told how many runs are done.
Rounding rounding_of(const FloatNetwork& network, const std::vector<CalibrationRun>& runs,
                     const std::function<void(size_t)>& progress);

// Rounds all int4 weights of `assembled` anew, at the scales that they have.
void round_by_outputs(Assembled& assembled, const FloatNetwork& network, const Rounding& rounding);

// Moves the float weights of int4 ones just as far that each alone rounds to what `assembled`
// holds: training with integers begins there.
void follow_rounding(FloatNetwork& network, const Assembled& assembled);

}  // namespace thimble
