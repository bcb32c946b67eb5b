// Fixed-point functions that a device needs at run time (docs/numerics.md, "Fixed-point functions").
// Source: gemmlowp, fixedpoint.h; the same steps, so the same bits.
#include "kernels/requantize.h"

// 1 / (1 + a), both with 31 fraction bits, 0 <= a < 1: three Newton-Raphson steps for the reciprocal of
// (1 + a) / 2 with 29 fraction bits, starting from 48/17 - 32/17 * (1 + a) / 2, which is off by 1/17 at
// most; so no step can overflow, only the doubled result at a = 0 saturates.
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
