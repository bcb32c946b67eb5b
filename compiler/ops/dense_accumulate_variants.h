// Lowering of dense_accumulate: portable, and with the inner loops of the dense layers of each
// instruction set (device/arch/<isa>/dense_*.h), whose packed weights it repeats step by step.
#pragma once

#include "ops/lower.h"

#include <functional>
#include <optional>
#include <span>
#include <string>

namespace thimble {

// out[o] = sums[o] + sum_k (in[k] + 128) * w[t][o][k], t the turn of the loop around; with one step
// the same weights in every turn.
struct AccumulatedRows {
    int64_t steps, out_count, k_count;
    std::span<const int8_t> values;  // [t][o][k]
    std::string name;                // of the weights
    Arg in, sums, out;               // int8 [k], int32 [o], int32 [o]: may be the same as sums
    // Set for in[k] - zero in place of in[k] + 128: the zero point in flash, and what the sums
    // start from, made by a call for kernels that add 128 all the same (`by_128`), which need the
    // sums of the weights.
    std::optional<Arg> in_zero = {};
    std::function<Arg(bool by_128)> start = {};

    // Zero beyond the sizes: blocks are filled up.
    int at(int64_t step, int64_t o, int64_t k) const;
    // Greatest sum_k |w| * 255 of one output and step: what one call can add to a sum.
    int64_t largest_sum() const;
};
void lower_accumulated_rows(LowerContext& context, const AccumulatedRows& rows);

void lower_dense_accumulate_s8(LowerContext& context);
void lower_dense_accumulate_f32(LowerContext& context);

}  // namespace thimble
