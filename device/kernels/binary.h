// Functions of two plain numbers: float32, int32 and narrower, int64.
#include <math.h>

#include "kernels/element.h"
#include "kernels/pair.h"

#define THB_BINARY_ADD 0
#define THB_BINARY_SUB 1
#define THB_BINARY_MUL 2
#define THB_BINARY_DIV 3  // integers: toward zero
#define THB_BINARY_FLOOR_DIV 4
#define THB_BINARY_FLOOR_MOD 5  // the sign of the divisor
#define THB_BINARY_MAXIMUM 6
#define THB_BINARY_MINIMUM 7
#define THB_BINARY_SQUARED_DIFFERENCE 8
#define THB_BINARY_POW 9
#define THB_BINARY_ATAN2 10

THB_KERNEL float thb_binary_value_f32(float x, float y, int function)
{
    if (function == THB_BINARY_ADD) return x + y;
    if (function == THB_BINARY_SUB) return x - y;
    if (function == THB_BINARY_MUL) return x * y;
    if (function == THB_BINARY_DIV) return x / y;
    if (function == THB_BINARY_FLOOR_DIV) return floorf(x / y);
    if (function == THB_BINARY_FLOOR_MOD) {
        const float rest = fmodf(x, y);
        return rest != 0.0f && (rest < 0.0f) != (y < 0.0f) ? rest + y : rest;
    }
    if (function == THB_BINARY_MAXIMUM) return x > y ? x : y;
    if (function == THB_BINARY_MINIMUM) return x < y ? x : y;
    if (function == THB_BINARY_SQUARED_DIFFERENCE) return (x - y) * (x - y);
    if (function == THB_BINARY_POW) return powf(x, y);
    return atan2f(x, y);
}

// out = clamp(function(a, b)), float32. May be in place of an operand of the output's shape.
THB_KERNEL void thb_binary_f32(const float* a, int a_flash, const float* b, int b_flash, float* out,
                               int form, thb_index_t period, const int32_t* walk, thb_index_t count,
                               int function, int clamped, float lowest, float highest)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        float y = thb_binary_value_f32(THB_LOAD_F32(a + at.a, a_flash),
                                       THB_LOAD_F32(b + at.b, b_flash), function);
        if (clamped) y = y < lowest ? lowest : y > highest ? highest : y;
        out[i] = y;
        thb_pair_next(&at, form, period, walk);
    }
}

// A division by zero, and the least number by -1, are undefined in the reference: 0, and the
// wrapped number.
THB_KERNEL int32_t thb_divide_s32(int32_t x, int32_t y)
{
    if (y == 0) return 0;
    if (y == -1) return (int32_t)(0u - (uint32_t)x);
    return x / y;
}

// x to the y; wraps, and is the truncated fraction for negative y.
THB_KERNEL int32_t thb_power_s32(int32_t x, int32_t y)
{
    uint32_t result = 1;
    uint32_t factor = (uint32_t)x;
    if (y < 0) return x == 1 ? 1 : x == -1 ? ((y & 1) ? -1 : 1) : 0;
    for (; y > 0; y >>= 1) {
        if (y & 1) result *= factor;
        factor *= factor;
    }
    return (int32_t)result;
}

THB_KERNEL int32_t thb_binary_value_s32(int32_t x, int32_t y, int function)
{
    if (function == THB_BINARY_ADD) return (int32_t)((uint32_t)x + (uint32_t)y);
    if (function == THB_BINARY_SUB) return (int32_t)((uint32_t)x - (uint32_t)y);
    if (function == THB_BINARY_MUL) return (int32_t)((uint32_t)x * (uint32_t)y);
    if (function == THB_BINARY_MAXIMUM) return x > y ? x : y;
    if (function == THB_BINARY_MINIMUM) return x < y ? x : y;
    if (function == THB_BINARY_SQUARED_DIFFERENCE) {
        const uint32_t difference = (uint32_t)x - (uint32_t)y;
        return (int32_t)(difference * difference);
    }
    if (function == THB_BINARY_POW) return thb_power_s32(x, y);
    {
        const int32_t quotient = thb_divide_s32(x, y);
        const int32_t rest = (int32_t)((uint32_t)x - (uint32_t)quotient * (uint32_t)y);
        const int32_t below = y != 0 && rest != 0 && (rest < 0) != (y < 0) ? 1 : 0;
        if (function == THB_BINARY_FLOOR_DIV) return quotient - below;
        if (function == THB_BINARY_FLOOR_MOD) return y == 0 ? 0 : rest + (below ? y : 0);
        return quotient;
    }
}

// The same for integers of type key `type`, computed in int32; overflow wraps.
THB_KERNEL void thb_binary_int(const void* a, int a_flash, const void* b, int b_flash, void* out,
                               int form, thb_index_t period, const int32_t* walk, thb_index_t count,
                               int type, int function, int clamped, int32_t lowest, int32_t highest)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        int32_t y = thb_binary_value_s32(thb_load_int(a, at.a, type, a_flash),
                                         thb_load_int(b, at.b, type, b_flash), function);
        if (clamped) y = y < lowest ? lowest : y > highest ? highest : y;
        thb_store_int(out, i, type, y);
        thb_pair_next(&at, form, period, walk);
    }
}

THB_KERNEL int64_t thb_binary_value_s64(int64_t x, int64_t y, int function)
{
    if (function == THB_BINARY_ADD) return (int64_t)((uint64_t)x + (uint64_t)y);
    if (function == THB_BINARY_SUB) return (int64_t)((uint64_t)x - (uint64_t)y);
    if (function == THB_BINARY_MUL) return (int64_t)((uint64_t)x * (uint64_t)y);
    if (function == THB_BINARY_MAXIMUM) return x > y ? x : y;
    if (function == THB_BINARY_MINIMUM) return x < y ? x : y;
    {
        const int64_t quotient = y == 0 ? 0 : y == -1 ? (int64_t)(0u - (uint64_t)x) : x / y;
        const int64_t rest = (int64_t)((uint64_t)x - (uint64_t)quotient * (uint64_t)y);
        const int64_t below = y != 0 && rest != 0 && (rest < 0) != (y < 0) ? 1 : 0;
        if (function == THB_BINARY_FLOOR_DIV) return quotient - below;
        if (function == THB_BINARY_FLOOR_MOD) return y == 0 ? 0 : rest + (below ? y : 0);
        return quotient;
    }
}

// The same for int64.
THB_KERNEL void thb_binary_s64(const int64_t* a, int a_flash, const int64_t* b, int b_flash,
                               int64_t* out, int form, thb_index_t period, const int32_t* walk,
                               thb_index_t count, int function, int clamped, int32_t lowest,
                               int32_t highest)
{
    thb_pair_t at = thb_pair_start();
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        int64_t y = thb_binary_value_s64(THB_LOAD_S64(a + at.a, a_flash),
                                         THB_LOAD_S64(b + at.b, b_flash), function);
        if (clamped) y = y < lowest ? lowest : y > highest ? highest : y;
        out[i] = y;
        thb_pair_next(&at, form, period, walk);
    }
}
