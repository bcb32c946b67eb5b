// One multiply instead of the reference's two roundings, where that is provably the same function.
//
// The exact form is out(acc) = clamp(zero_point + multiply(acc)), multiply as in
// device/kernels/requantize.h. It never decreases with acc, so it is fully described by its steps:
// for each output q the smallest accumulator t(q) that reaches q. The short form
//   out(acc) = clamp((acc * multiplier + (acc < 0 ? negative_offset : offset)) >> shift)
// has the same steps if for every q within the clamp that an accumulator of the range can reach
//   t(q) * multiplier + offset >= q * 2^shift > (t(q) - 1) * multiplier + offset.
// There are two offsets because the reference's second rounding sends ties away from zero: negative
// accumulators step a little later than one line through all steps allows.
// For a given multiplier these are bounds on the offsets; their intersection is computed, not
// searched. The zero point and every rounding constant disappear into `offset`. Source: own. Tested
// exhaustively by short_requant_test.cc.
#pragma once

#include "numeric/requantize.h"

#include <cstdint>
#include <optional>

namespace thimble {

struct AccRange {
    int64_t least;
    int64_t most;
};

struct ShortRequant {
    int64_t multiplier;
    int64_t offset;           // for acc >= 0
    int64_t negative_offset;  // for acc < 0; equal to `offset` where that is possible
    int shift;
};

struct ShortForm {
    int shift;               // of the short form: bits that fall away, 24 or 32
    int64_t multiplier_max;  // what the kernel's multiply takes
    int64_t
        result_max;  // largest magnitude of (acc * multiplier + offset) >> shift before the clamp
};

// The reference's output for one accumulator (thb_multiply, zero point, clamp).
int32_t exact_output(Requant requant, int32_t zero_point, StoredClamp clamp, int64_t acc);

// A short form equal to the exact one for every acc in `range`; nothing when there is none.
std::optional<ShortRequant> short_requant(Requant exact, int32_t zero_point, StoredClamp clamp,
                                          AccRange range, const ShortForm& form);

}  // namespace thimble
