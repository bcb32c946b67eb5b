// Fixed-point functions that a device needs at run time (docs/numerics.md, "Fixed-point
// functions"). Source: gemmlowp, fixedpoint.h; the same steps, so the same bits.
#include "kernels/requantize.h"

// 1 / (1 + a), both with 31 fraction bits, 0 <= a < 1: three Newton-Raphson steps for the
// reciprocal of (1 + a) / 2 with 29 fraction bits, starting from 48/17 - 32/17 * (1 + a) / 2, which
// is off by 1/17 at most; so no step can overflow, only the doubled result at a = 0 saturates.
THB_KERNEL int32_t thb_one_over_one_plus(int32_t a)
{
    const int32_t half = (int32_t)(((uint32_t)a + UINT32_C(0x80000000)) >> 1);
    int32_t x = INT32_C(1515870810) + thb_high_mul(-INT32_C(1010580540), half);
    int8_t step;
    for (step = 0; step < 3; ++step) {
        const int32_t defect = (INT32_C(1) << 29) - thb_high_mul(half, x);
        x += (int32_t)((uint32_t)thb_high_mul(defect, x) << 2);
    }
    return x >= (INT32_C(1) << 30) ? INT32_C(0x7FFFFFFF) : (int32_t)((uint32_t)x << 1);
}

// 2^(31 - leading zeros of x) / x with 31 fraction bits, x > 0.
THB_KERNEL int32_t thb_reciprocal(uint32_t x)
{
    return thb_one_over_one_plus((int32_t)((x << thb_leading_zeros(x)) - UINT32_C(0x80000000)));
}

// 1 / sqrt(v) = result * 2^(*shift - 31), v >= 0 (0 as 1): five Newton-Raphson steps, 28 fraction
// bits.
THB_KERNEL int32_t thb_inverse_root(int32_t v, int8_t* shift)
{
    int8_t right = 11;
    int8_t pairs, step;
    int32_t argument;
    int32_t x = INT32_C(1) << 28;
    *shift = 0;
    if (v <= 1) return INT32_C(0x7FFFFFFF);
    for (; v >= (INT32_C(1) << 29); v /= 4) ++right;
    pairs = (int8_t)((thb_leading_zeros((uint32_t)v) - 1) / 2 - 1);
    right = (int8_t)(right - pairs);
    argument = thb_rounding_shift((int32_t)((uint32_t)v << (2 * pairs)) >> 1, 1);
    for (step = 0; step < 5; ++step) {
        const int32_t cube = (int32_t)((uint32_t)thb_high_mul(thb_high_mul(x, x), x) << 6);
        x = (int32_t)((uint32_t)(thb_high_mul(x, INT32_C(402653184)) - thb_high_mul(argument, cube))
                      << 3);
    }
    x = thb_high_mul(x, INT32_C(1518500250));
    if (right < 0) return (int32_t)((uint32_t)x << -right);
    *shift = (int8_t)-right;
    return x;
}

// The natural logarithm of v >= 1, 19 fraction bits in, 26 out. v = r * 2^z, where r is the smaller
// of two candidates that differ by a power of sqrt(1/2); ln r is a quotient of two polynomials.
// Range: v < 2^31, result below 2^30.
THB_KERNEL int32_t thb_log(int32_t v)
{
    const int32_t root_of_half = INT32_C(1518500250);
    const uint8_t zeros_a = thb_leading_zeros((uint32_t)v);
    const int32_t w = thb_high_mul(v, root_of_half);
    const uint8_t zeros_b = (uint8_t)(thb_leading_zeros((uint32_t)w) - 1);
    const int32_t half_a = thb_high_mul((int32_t)((uint32_t)v << (zeros_a - 1)), root_of_half);
    const int32_t r_a = half_a >= (INT32_C(1) << 30) ? INT32_C(0x7FFFFFFF)
                                                     : (int32_t)((uint32_t)half_a << 1);
    const int32_t r_b = zeros_b >= zeros_a ? INT32_C(0x7FFFFFFF)
                                           : (int32_t)((uint32_t)v << zeros_b);
    const int32_t z_a = (int32_t)((uint32_t)(int32_t)(12 - zeros_a) << 25) + (INT32_C(1) << 23);
    const int32_t z_b = (int32_t)((uint32_t)(int32_t)(12 - zeros_b) << 25) - (INT32_C(1) << 23);
    const int32_t r = r_a < r_b ? r_a : r_b;
    const int32_t z = z_a > z_b ? z_a : z_b;
    const int32_t middle = INT32_C(1805811301);
    const int32_t p = (int32_t)(((uint32_t)r + (uint32_t)middle + 1u) >> 1);
    const int32_t q = (r - middle) * 2;
    const int32_t magnitude = q < 0 ? -q : q;
    const int32_t square = thb_high_mul(magnitude, magnitude);
    const int32_t above = thb_high_mul(q, r) +
                          thb_high_mul(thb_high_mul(q, square), INT32_C(117049297));
    const int32_t inner = INT32_C(1057819769) + q + thb_high_mul(INT32_C(127690142), square);
    const int32_t below = thb_high_mul(inner, p) + thb_high_mul(q, INT32_C(638450708));
    const int32_t fraction = thb_high_mul(thb_rounding_shift(above, 6),
                                          thb_one_over_one_plus(below));
    return (int32_t)((uint32_t)(thb_high_mul(z, INT32_C(1488522236)) + fraction) << 1);
}
