// Squared differences of quantized numbers.
#include "kernels/element.h"
#include "kernels/pair.h"
#include "kernels/requantize.h"

// int8 or int16 by the key `type`:
//   out = clamp(out_zero + multiply((term(a) - term(b))^2)),  term(x) = multiply((x - zero) <<
//   left_shift)
//
// constants  int32 [11] in flash: zero, multiplier, shift of a, the same of b, multiplier, shift
//            and zero of the output, lowest, highest
// May be in place of an operand of the output's shape.
THB_KERNEL void thb_squared_difference_q(const void* a, int a_flash, const void* b, int b_flash,
                                         void* out, int form, thb_index_t period,
                                         const int32_t* walk, thb_index_t count, int type,
                                         int left_shift, const int32_t* constants)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint32_t steps_a = (uint32_t)thb_load_int(a, at.a, type, a_flash) -
                                 (uint32_t)THB_FLASH_S32(constants);
        const uint32_t steps_b = (uint32_t)thb_load_int(b, at.b, type, b_flash) -
                                 (uint32_t)THB_FLASH_S32(constants + 3);
        const int32_t term_a = thb_multiply((int32_t)(steps_a << left_shift),
                                            THB_FLASH_S32(constants + 1),
                                            (int8_t)THB_FLASH_S32(constants + 2));
        const int32_t term_b = thb_multiply((int32_t)(steps_b << left_shift),
                                            THB_FLASH_S32(constants + 4),
                                            (int8_t)THB_FLASH_S32(constants + 5));
        const uint32_t difference = (uint32_t)(term_a - term_b);
        const int32_t scaled = thb_multiply((int32_t)(difference * difference),
                                            THB_FLASH_S32(constants + 6),
                                            (int8_t)THB_FLASH_S32(constants + 7));
        thb_store_int(out, i, type,
                      thb_clamp(scaled + THB_FLASH_S32(constants + 8), THB_FLASH_S32(constants + 9),
                                THB_FLASH_S32(constants + 10)));
        thb_pair_next(&at, form, period, walk);
    }
}
