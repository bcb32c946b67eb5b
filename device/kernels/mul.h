// Products of quantized numbers.
#include "kernels/element.h"
#include "kernels/pair.h"
#include "kernels/requantize.h"

// Places in the table of constants of a multiplication.
#define THB_MUL_A_ZERO 0
#define THB_MUL_B_ZERO 1
#define THB_MUL_MULTIPLIER 2
#define THB_MUL_SHIFT 3
#define THB_MUL_OUT_ZERO 4
#define THB_MUL_LOWEST 5
#define THB_MUL_HIGHEST 6

// int8 or int16 by the key `type`:
//   out = clamp(out_zero + multiply((a - a_zero) * (b - b_zero)))
//
// constants  int32 [7] in flash, THB_MUL_*. May be in place of an operand of the output's shape.
THB_KERNEL void thb_mul_q(const void* a, int a_flash, const void* b, int b_flash, void* out,
                          int form, thb_index_t period, const int32_t* walk, thb_index_t count,
                          int type, const int32_t* constants)
{
    const int32_t a_zero = THB_FLASH_S32(constants + THB_MUL_A_ZERO);
    const int32_t b_zero = THB_FLASH_S32(constants + THB_MUL_B_ZERO);
    const int32_t multiplier = THB_FLASH_S32(constants + THB_MUL_MULTIPLIER);
    const int8_t shift = (int8_t)THB_FLASH_S32(constants + THB_MUL_SHIFT);
    const int32_t out_zero = THB_FLASH_S32(constants + THB_MUL_OUT_ZERO);
    const int32_t lowest = THB_FLASH_S32(constants + THB_MUL_LOWEST);
    const int32_t highest = THB_FLASH_S32(constants + THB_MUL_HIGHEST);
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t x = thb_load_int(a, at.a, type, a_flash) - a_zero;
        const int32_t y = thb_load_int(b, at.b, type, b_flash) - b_zero;
        const int32_t scaled = thb_multiply((int32_t)((uint32_t)x * (uint32_t)y), multiplier,
                                            shift);
        thb_store_int(out, i, type, thb_clamp(scaled + out_zero, lowest, highest));
        thb_pair_next(&at, form, period, walk);
    }
}
