// Multipliers and shifts of layers whose scales change from turn to turn of a loop, computed on the
// device with the bits of the host's floating point (docs/numerics.md, "Scales that change").
#include "kernels/requantize.h"

// Significant bits of the two floating-point types in which the reference divides scales.
#define THB_BITS_F32 24
#define THB_BITS_F64 53

// A scale: mantissa * 2^exponent, 2^23 <= mantissa < 2^24.
typedef struct {
    uint32_t mantissa;
    int16_t exponent;
} thb_scale_t;

// What thb_multiply takes.
typedef struct {
    int32_t multiplier;
    int8_t shift;
} thb_factor_t;

// bits  a positive normal float32 in flash
THB_KERNEL thb_scale_t thb_scale(const uint32_t* bits)
{
    const uint32_t value = THB_FLASH_U32(bits);
    thb_scale_t scale;
    scale.mantissa = (value & UINT32_C(0x7FFFFF)) | UINT32_C(0x800000);
    scale.exponent = (int16_t)((int16_t)(value >> 23) - 150);
    return scale;
}

// The next `count` bits, at most 8, of a quotient: moves the remainder on and appends to
// `quotient`. `rest` < `below` < 2^24; `next` are the bits that come down.
THB_KERNEL uint64_t thb_quotient_bits(uint64_t quotient, uint32_t* rest, uint32_t next,
                                      uint32_t below, uint8_t count)
{
    const uint32_t above = (*rest << count) | next;
    const uint32_t digit = above / below;
    *rest = above - digit * below;
    return quotient << count | digit;
}

// above / below * 2^exponent, rounded to `bits` significant bits with ties to even, as division in
// floating point does, then to the 31 bits of a multiplier with ties upwards.
// 2^46 <= above < 2^48, 2^23 <= below < 2^24. Schoolbook division, a byte a turn: it runs some ten
// times in a time step, and needs no 64-bit division of the C library.
THB_SHARED thb_factor_t thb_factor(uint64_t above, uint32_t below, int16_t exponent, uint8_t bits)
{
    uint32_t rest = (uint32_t)(above >> 24) % below, next = (uint32_t)above & UINT32_C(0xFFFFFF);
    uint64_t quotient = (uint32_t)(above >> 24) / below;
    thb_factor_t factor;
    uint8_t i, length, drop;
    for (i = 0; i < 7; ++i) {
        quotient = thb_quotient_bits(quotient, &rest, next >> 16 & 0xFF, below, 8);
        next <<= 8;
    }
    // 55 to 57 bits: above / below * 2^32.
    length = (uint8_t)(64 - thb_leading_zeros((uint32_t)(quotient >> 32)));
    drop = (uint8_t)(length - bits - 1);
    if (quotient & ((UINT64_C(1) << drop) - 1)) rest = 1;
    quotient >>= drop;
    if ((quotient & 1) && (rest || (quotient & 2))) ++quotient;
    quotient >>= 1;
    if (bits > 31) quotient = (quotient + (UINT64_C(1) << (bits - 32))) >> (bits - 31);
    else quotient <<= 31 - bits;
    exponent = (int16_t)(exponent + length - 32);
    if (quotient >> 31) {
        quotient >>= 1;
        ++exponent;
    }
    factor.multiplier = exponent < -31 ? 0 : (int32_t)quotient;
    factor.shift = (int8_t)(exponent < -31 ? 0 : exponent > 30 ? 30 : exponent);
    return factor;
}

// a / b
THB_KERNEL thb_factor_t thb_ratio(thb_scale_t a, thb_scale_t b, uint8_t bits)
{
    return thb_factor((uint64_t)a.mantissa << 24, b.mantissa,
                      (int16_t)(a.exponent - b.exponent - 24), bits);
}

// The product of two mantissas, 48 bits; rounded to 24 significant bits with `single` 1, ties to
// even.
THB_KERNEL uint64_t thb_scale_product(thb_scale_t a, thb_scale_t b, int single)
{
    const uint64_t product = (uint64_t)a.mantissa * b.mantissa;
    if (single) {
        const uint8_t low = product >> 47 ? 24 : 23;
        const uint64_t half = (UINT64_C(1) << (low - 1)) - 1 + ((product >> low) & 1);
        return (product + half) >> low << low;
    }
    return product;
}

// By the key `down`: 1 where the compiler has proven what thb_multiply_down needs, in every turn.
THB_KERNEL int32_t thb_scaled(int32_t acc, thb_factor_t factor, int down)
{
    return down ? thb_multiply_down(acc, factor.multiplier, (int8_t)(-factor.shift - 1))
                : thb_multiply(acc, factor.multiplier, factor.shift);
}
