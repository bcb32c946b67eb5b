// Complex int16 numbers in one word, real part in the lower half, for the DSP instructions of
// Armv7E-M. Sums wrap modulo 2^16 in each half, as in kernels/signal_fft.h.
#include "port/thb_port.h"

// Words of two int16 from any even address: one LDR or STR, these cores need no alignment.
THB_KERNEL uint32_t thb_load_pair(const int16_t* in)
{
    uint32_t word;
    memcpy(&word, in, 4);
    return word;
}

THB_KERNEL void thb_store_pair(int16_t* out, uint32_t word)
{
    memcpy(out, &word, 4);
}

THB_KERNEL uint32_t thb_add_pair(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

THB_KERNEL uint32_t thb_subtract_pair(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssub16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

// (a + b) >> 1 of the exact sums.
THB_KERNEL uint32_t thb_half_sum(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("shadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

// (a - b) >> 1 of the exact differences.
THB_KERNEL uint32_t thb_half_difference(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("shsub16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

// a - j * b: (a.lo + b.hi, a.hi - b.lo).
THB_KERNEL uint32_t thb_minus_j(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssax %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

// a + j * b: (a.lo - b.hi, a.hi + b.lo).
THB_KERNEL uint32_t thb_plus_j(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("sasx %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

// a.lo * b.lo + a.hi * b.hi, modulo 2^32.
THB_KERNEL uint32_t thb_dual_product(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("smuad %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

// a.lo * b.lo + c.
THB_KERNEL uint32_t thb_lower_product(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t result;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

// a.hi * b.lo + c.
THB_KERNEL uint32_t thb_upper_product(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t result;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

// a.lo * b.lo - a.hi * b.hi + c.
THB_KERNEL uint32_t thb_real_product(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t result;
    __asm__("smlsd %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

// a.lo * b.hi + a.hi * b.lo + c.
THB_KERNEL uint32_t thb_imaginary_product(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t result;
    __asm__("smladx %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

// Bits 15 to 30 of both: the rounded Q15 products, when 2^14 has been added.
THB_KERNEL uint32_t thb_q15_pair(uint32_t low, uint32_t high)
{
    uint32_t result;
    __asm__("asr %0, %1, #15\n\tpkhbt %0, %0, %2, lsl #1" : "=&r"(result) : "r"(low), "r"(high));
    return result;
}

// The lower half of a, the upper half of b.
THB_KERNEL uint32_t thb_halves(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("pkhbt %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

#define THB_Q15_ONE_HALF 16384u

// Both halves times factor / 2^15: THB_FFT_HALF (16383), THB_FFT_QUARTER (8191).
THB_KERNEL uint32_t thb_scale_pair(uint32_t a, uint32_t factor)
{
    return thb_q15_pair(thb_lower_product(a, factor, THB_Q15_ONE_HALF),
                        thb_upper_product(a, factor, THB_Q15_ONE_HALF));
}

// thb_fft_rotate.
THB_KERNEL uint32_t thb_rotate_pair(uint32_t a, uint32_t w)
{
    return thb_q15_pair(thb_real_product(a, w, THB_Q15_ONE_HALF),
                        thb_imaginary_product(a, w, THB_Q15_ONE_HALF));
}
