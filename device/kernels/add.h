// Sums and differences of quantized numbers (docs/numerics.md, "ADD and SUB").
#include "kernels/element.h"
#include "kernels/pair.h"
#include "kernels/requantize.h"

// Places in the table of constants of an addition.
#define THB_ADD_A_ZERO 0
#define THB_ADD_A_MULTIPLIER 1
#define THB_ADD_A_SHIFT 2  // to the right
#define THB_ADD_B_ZERO 3
#define THB_ADD_B_MULTIPLIER 4
#define THB_ADD_B_SHIFT 5
#define THB_ADD_OUT_MULTIPLIER 6
#define THB_ADD_OUT_SHIFT 7
#define THB_ADD_OUT_ZERO 8
#define THB_ADD_LOWEST 9
#define THB_ADD_HIGHEST 10

// One operand on the common scale, which is twice the larger of the two. The operand with the
// larger scale is `halved`: its factor is exactly one half, so that no multiplication is needed.
THB_KERNEL int32_t thb_add_term(int32_t value, int32_t zero_point, int left_shift, int halved,
                                int32_t multiplier, int8_t right_shift)
{
    const uint32_t steps = (uint32_t)value - (uint32_t)zero_point;
    if (halved) return (int32_t)(steps << (left_shift - 1));
    return thb_rounding_shift(thb_high_mul((int32_t)(steps << left_shift), multiplier),
                              right_shift);
}

// int8 or int16 by the key `type`:
//   out = clamp(out_zero + multiply(term(a) + term(b)))   or term(a) - term(b) with `subtract` 1
//
// left_shift  key: 20 for int8, 15 for int16: fraction bits of the terms
// a_halved    key: 1 when a has the larger scale; b_halved likewise; both when the scales are equal
// constants   int32 [11] in flash, THB_ADD_*
// May be in place of an operand of the output's shape.
THB_KERNEL void thb_add_q(const void* a, int a_flash, const void* b, int b_flash, void* out,
                          int form, thb_index_t period, const int32_t* walk, thb_index_t count,
                          int type, int subtract, int left_shift, int a_halved, int b_halved,
                          const int32_t* constants)
{
    const int32_t a_zero = THB_FLASH_S32(constants + THB_ADD_A_ZERO);
    const int32_t a_multiplier = THB_FLASH_S32(constants + THB_ADD_A_MULTIPLIER);
    const int8_t a_shift = (int8_t)THB_FLASH_S32(constants + THB_ADD_A_SHIFT);
    const int32_t b_zero = THB_FLASH_S32(constants + THB_ADD_B_ZERO);
    const int32_t b_multiplier = THB_FLASH_S32(constants + THB_ADD_B_MULTIPLIER);
    const int8_t b_shift = (int8_t)THB_FLASH_S32(constants + THB_ADD_B_SHIFT);
    const int32_t out_multiplier = THB_FLASH_S32(constants + THB_ADD_OUT_MULTIPLIER);
    const int8_t out_shift = (int8_t)THB_FLASH_S32(constants + THB_ADD_OUT_SHIFT);
    const int32_t out_zero = THB_FLASH_S32(constants + THB_ADD_OUT_ZERO);
    const int32_t lowest = THB_FLASH_S32(constants + THB_ADD_LOWEST);
    const int32_t highest = THB_FLASH_S32(constants + THB_ADD_HIGHEST);
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t term_a = thb_add_term(thb_load_int(a, at.a, type, a_flash), a_zero,
                                            left_shift, a_halved, a_multiplier, a_shift);
        const int32_t term_b = thb_add_term(thb_load_int(b, at.b, type, b_flash), b_zero,
                                            left_shift, b_halved, b_multiplier, b_shift);
        const uint32_t sum = subtract ? (uint32_t)term_a - (uint32_t)term_b
                                      : (uint32_t)term_a + (uint32_t)term_b;
        const int32_t scaled = thb_multiply((int32_t)sum, out_multiplier, out_shift);
        thb_store_int(out, i, type, thb_clamp(scaled + out_zero, lowest, highest));
        thb_pair_next(&at, form, period, walk);
    }
}

// int8, where the compiler has proven for all 65,536 pairs that one sum gives the same bits:
//   out = clamp((a_factor * a + b_factor * b + offset) >> shift)
//
// The zero points are in `offset`. Range: the sum fits int32; shift, a key, is 16 to 30.
// May be in place of an operand of the output's shape.
THB_KERNEL void thb_add_linear_s8(const int8_t* a, int a_flash, const int8_t* b, int b_flash,
                                  int8_t* out, int form, thb_index_t period, const int32_t* walk,
                                  thb_index_t count, int32_t a_factor, int32_t b_factor,
                                  int32_t offset, int shift, int16_t lowest, int16_t highest)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t sum = a_factor * THB_LOAD_S8(a + at.a, a_flash) +
                            b_factor * THB_LOAD_S8(b + at.b, b_flash) + offset;
        // In two steps, because an 8-bit core moves whole bytes at once.
        const int16_t high = (int16_t)(sum >> 16);
        const int16_t y = (int16_t)(high >> (shift - 16));
        out[i] = (int8_t)(y < lowest ? lowest : y > highest ? highest : y);
        thb_pair_next(&at, form, period, walk);
    }
}
