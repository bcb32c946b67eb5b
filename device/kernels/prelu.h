// Rectifiers with slopes from a tensor. May be in place of `in` where it has the output's shape.
#include "kernels/element.h"
#include "kernels/pair.h"
#include "kernels/requantize.h"

// out = in >= 0 ? in : in * alpha
THB_KERNEL void thb_prelu_f32(const float* in, int in_flash, const float* alpha, int alpha_flash,
                              float* out, int form, thb_index_t period, const int32_t* walk,
                              thb_index_t count)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const float x = THB_LOAD_F32(in + at.a, in_flash);
        out[i] = x >= 0.0f ? x : x * THB_LOAD_F32(alpha + at.b, alpha_flash);
        thb_pair_next(&at, form, period, walk);
    }
}

// int8 or int16 by the key `type`, alpha int8.
//
// constants  int32 [9] in flash: zero of in, zero of alpha, multiplier and shift of the positive
//            side, the same of the negative side, zero of out, lowest, highest
THB_KERNEL void thb_prelu_q(const void* in, int in_flash, const int8_t* alpha, int alpha_flash,
                            void* out, int form, thb_index_t period, const int32_t* walk,
                            thb_index_t count, int type, const int32_t* constants)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t steps = thb_load_int(in, at.a, type, in_flash) - THB_FLASH_S32(constants);
        int32_t scaled;
        if (steps >= 0) {
            scaled = thb_multiply(steps, THB_FLASH_S32(constants + 2),
                                  (int8_t)THB_FLASH_S32(constants + 3));
        } else {
            const int32_t slope = THB_LOAD_S8(alpha + at.b, alpha_flash) -
                                  THB_FLASH_S32(constants + 1);
            scaled = thb_multiply(steps * slope, THB_FLASH_S32(constants + 4),
                                  (int8_t)THB_FLASH_S32(constants + 5));
        }
        scaled = thb_clamp(scaled + THB_FLASH_S32(constants + 6), THB_FLASH_S32(constants + 7),
                           THB_FLASH_S32(constants + 8));
        thb_store_int(out, i, type, scaled);
        thb_pair_next(&at, form, period, walk);
    }
}
