// The fixed-point arithmetic of the TFLite / TFLM reference kernels, for the oracle only.
//
// Letters follow docs/numerics.md: H, R, L, M, M64, QM. Every function is total: where the C++ of
// the reference would be undefined, the mathematically meant result is given and said.
// Lowering has its own arithmetic in numeric/requantize.h; the two never include each other.
#pragma once

#include "ir/graph.h"

#include <cstdint>

namespace thimble::reference {

// Real factor ~ value * 2^(shift - 31), value in [2^30, 2^31) or 0.
struct Multiplier {
    int32_t value = 0;
    int shift = 0;
};
// QM: quantizes a real multiplier. Zero and anything below 2^-32 become (0, 0).
Multiplier quantize_multiplier(double real);
// The same of real / count, as MEAN has it: 1 / count enters the fixed-point number, which keeps as
// many of its bits as a right shift of 31 allows. count >= 1.
Multiplier mean_multiplier(double real, int64_t count);

int32_t wrap32(int64_t value);
int32_t saturate(int64_t value, int32_t lowest, int32_t highest);
// Round half away from zero.
double round_half_away(double value);
// H: saturating rounding doubling high multiply, ties toward +infinity.
int32_t high_mul(int32_t a, int32_t b);
int16_t high_mul16(int16_t a, int16_t b);
// R: rounding divide by 2^exponent, ties away from zero; 0 for exponents above 31 of small values.
int32_t rounding_shift(int32_t value, int exponent);
// L: saturating left shift.
int32_t saturating_left_shift(int32_t value, int exponent);
// M: R(H(wrap32(x << max(s, 0)), m), max(-s, 0)).
int32_t multiply(int32_t x, Multiplier multiplier);
// M64: for 64-bit accumulators, a 16-bit multiplier and one rounding.
int32_t multiply64(int64_t x, Multiplier multiplier);

// Fixed-point functions on raw 32-bit numbers; k = integer bits of the argument.
int32_t exp_negative(int32_t a, int k);            // e^a for a <= 0, result Q0.31
int32_t one_over_one_plus(int32_t a);              // 1 / (1 + a), a in Q0.31
int32_t one_minus_over_one_plus(int32_t a);        // (1 - a) / (1 + a), a in Q0.31
struct Reciprocal {
    int32_t value;
    int bits_over_unit;
};
Reciprocal reciprocal(int32_t x, int k);           // 1 / x for x > 0
int32_t logistic(int32_t x, int k);                // Q0.31
int32_t tanh(int32_t x, int k);                    // Q0.31
int32_t log_q19_to_q26(int32_t v);                 // ln of v >= 1 in Q12.19, result Q5.26
struct InverseSqrt {
    int32_t value;
    int shift;
};
InverseSqrt inverse_sqrt(int32_t v);
int leading_zeros(uint32_t value);                 // 32 for 0

// Clamp limits of a fused activation. Codes are those of the file: 0 none, 1 relu, 2 relu -1..1, 3
// relu6.
struct Clamp {
    int32_t lowest;
    int32_t highest;
};
Clamp quantized_clamp(int activation, DType type, float scale, int32_t zero_point);
struct FloatClamp {
    float lowest;
    float highest;
};
FloatClamp float_clamp(int activation);
Clamp type_limits(DType type);

// Output size and the padding before the first element along one axis.
struct Padding {
    int64_t out;
    int64_t before;
};
Padding padding(bool same, int64_t in, int64_t kernel, int64_t stride, int64_t dilation);

}  // namespace thimble::reference
