// Comparisons of two numbers; the results are bytes, 1 or 0. All may be in place of an operand of
// the output's shape.
#include "kernels/element.h"
#include "kernels/pair.h"
#include "kernels/requantize.h"

#define THB_COMPARE_EQUAL 0
#define THB_COMPARE_NOT_EQUAL 1
#define THB_COMPARE_LESS 2
#define THB_COMPARE_LESS_EQUAL 3
#define THB_COMPARE_GREATER 4
#define THB_COMPARE_GREATER_EQUAL 5

// The relation between a and b, `sign` of their difference: -1, 0 or 1. (NaN has its own, see
// below.)
THB_KERNEL uint8_t thb_compare_sign(int8_t sign, int relation)
{
    if (relation == THB_COMPARE_EQUAL) return sign == 0;
    if (relation == THB_COMPARE_NOT_EQUAL) return sign != 0;
    if (relation == THB_COMPARE_LESS) return sign < 0;
    if (relation == THB_COMPARE_LESS_EQUAL) return sign <= 0;
    if (relation == THB_COMPARE_GREATER) return sign > 0;
    return sign >= 0;
}

// float32: nothing but NOT_EQUAL holds for NaN.
THB_KERNEL void thb_compare_f32(const float* a, int a_flash, const float* b, int b_flash,
                                uint8_t* out, int form, thb_index_t period, const int32_t* walk,
                                thb_index_t count, int relation)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const float x = THB_LOAD_F32(a + at.a, a_flash);
        const float y = THB_LOAD_F32(b + at.b, b_flash);
        uint8_t holds;
        if (x != x || y != y) {
            holds = relation == THB_COMPARE_NOT_EQUAL;
        } else {
            holds = thb_compare_sign((int8_t)((x > y) - (x < y)), relation);
        }
        out[i] = holds;
        thb_pair_next(&at, form, period, walk);
    }
}

// Integers of type key `type`.
THB_KERNEL void thb_compare_int(const void* a, int a_flash, const void* b, int b_flash,
                                uint8_t* out, int form, thb_index_t period, const int32_t* walk,
                                thb_index_t count, int relation, int type)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t x = thb_load_int(a, at.a, type, a_flash);
        const int32_t y = thb_load_int(b, at.b, type, b_flash);
        out[i] = thb_compare_sign((int8_t)((x > y) - (x < y)), relation);
        thb_pair_next(&at, form, period, walk);
    }
}

THB_KERNEL void thb_compare_s64(const int64_t* a, int a_flash, const int64_t* b, int b_flash,
                                uint8_t* out, int form, thb_index_t period, const int32_t* walk,
                                thb_index_t count, int relation)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int64_t x = THB_LOAD_S64(a + at.a, a_flash);
        const int64_t y = THB_LOAD_S64(b + at.b, b_flash);
        out[i] = thb_compare_sign((int8_t)((x > y) - (x < y)), relation);
        thb_pair_next(&at, form, period, walk);
    }
}

// int8 of different scales, in steps of 1/256 of the real unit: multiply((q - zero_point) * 256).
THB_KERNEL void thb_compare_s8(const int8_t* a, int a_flash, const int8_t* b, int b_flash,
                               uint8_t* out, int form, thb_index_t period, const int32_t* walk,
                               thb_index_t count, int relation, int16_t a_zero_point,
                               int32_t a_multiplier, int8_t a_shift, int16_t b_zero_point,
                               int32_t b_multiplier, int8_t b_shift)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t steps_a = ((int32_t)THB_LOAD_S8(a + at.a, a_flash) - a_zero_point) * 256;
        const int32_t steps_b = ((int32_t)THB_LOAD_S8(b + at.b, b_flash) - b_zero_point) * 256;
        const int32_t x = thb_multiply(steps_a, a_multiplier, a_shift);
        const int32_t y = thb_multiply(steps_b, b_multiplier, b_shift);
        out[i] = thb_compare_sign((int8_t)((x > y) - (x < y)), relation);
        thb_pair_next(&at, form, period, walk);
    }
}
