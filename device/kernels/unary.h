// Float functions of one element.
#include <math.h>

#include "port/thb_port.h"

#define THB_UNARY_ABS 0
#define THB_UNARY_NEG 1
#define THB_UNARY_SQUARE 2
#define THB_UNARY_SQRT 3
#define THB_UNARY_RSQRT 4
#define THB_UNARY_EXP 5
#define THB_UNARY_LOG 6
#define THB_UNARY_SIN 7
#define THB_UNARY_COS 8
#define THB_UNARY_FLOOR 9
#define THB_UNARY_CEIL 10
#define THB_UNARY_ROUND 11  // halves to even
#define THB_UNARY_SIGN 12
#define THB_UNARY_LOGISTIC 13
#define THB_UNARY_TANH 14
#define THB_UNARY_ELU 15
#define THB_UNARY_HARD_SWISH 16
#define THB_UNARY_GELU 17
#define THB_UNARY_GELU_TANH 18  // the approximation with tanh

// The error function within 2e-7; small C libraries lack erff.
// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
THB_KERNEL float thb_erf_f32(float x)
{
    const float magnitude = fabsf(x);
    const float t = 1.0f / (1.0f + 0.3275911f * magnitude);
    const float series =
        t * (0.254829592f +
             t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    const float result = 1.0f - series * expf(-magnitude * magnitude);
    return x < 0.0f ? -result : result;
}

THB_KERNEL float thb_round_half_even_f32(float x)
{
    const float whole = floorf(x);
    const float rest = x - whole;
    const float half = whole * 0.5f;
    if (rest < 0.5f || (rest == 0.5f && floorf(half) == half)) return whole;
    return whole + 1.0f;
}

// One function that has no name of its own in the C library.
THB_KERNEL float thb_activation_f32(float x, int function)
{
    if (function == THB_UNARY_LOGISTIC) {
        if (x > 16.619047164916992f) return 1.0f;
        return x < -9.0f ? expf(x) : 1.0f / (1.0f + expf(-x));
    }
    if (function == THB_UNARY_ELU) return x < 0.0f ? expf(x) - 1.0f : x;
    if (function == THB_UNARY_HARD_SWISH) {
        const float gate = x + 3.0f;
        return x * (gate < 0.0f ? 0.0f : gate > 6.0f ? 6.0f : gate) * (1.0f / 6.0f);
    }
    if (function == THB_UNARY_GELU)
        return 0.5f * x * (1.0f + thb_erf_f32(x * 0.707106781186547524f));
    if (function == THB_UNARY_GELU_TANH)
        return 0.5f * x * (1.0f + tanhf(0.797884560802865356f * (x + 0.044715f * x * x * x)));
    return x;
}

THB_KERNEL float thb_unary_value_f32(float x, int function)
{
    if (function == THB_UNARY_ABS) return fabsf(x);
    if (function == THB_UNARY_NEG) return -x;
    if (function == THB_UNARY_SQUARE) return x * x;
    if (function == THB_UNARY_SQRT) return sqrtf(x);
    if (function == THB_UNARY_RSQRT) return 1.0f / sqrtf(x);
    if (function == THB_UNARY_EXP) return expf(x);
    if (function == THB_UNARY_LOG) return logf(x);
    if (function == THB_UNARY_SIN) return sinf(x);
    if (function == THB_UNARY_COS) return cosf(x);
    if (function == THB_UNARY_FLOOR) return floorf(x);
    if (function == THB_UNARY_CEIL) return ceilf(x);
    if (function == THB_UNARY_ROUND) return thb_round_half_even_f32(x);
    if (function == THB_UNARY_SIGN) return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
    if (function == THB_UNARY_TANH) return tanhf(x);
    return thb_activation_f32(x, function);
}

// out[i] = function(in[i]), `function` a key THB_UNARY_*; may be in place.
THB_KERNEL void thb_unary_f32(const float* in, int in_flash, float* out, int function,
                              thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i)
        out[i] = thb_unary_value_f32(THB_LOAD_F32(in + i, in_flash), function);
}

// The same for integers; NEG, SQUARE and SIGN, which wrap.
THB_KERNEL void thb_unary_s32(const int32_t* in, int in_flash, int32_t* out, int function,
                              thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t x = THB_LOAD_S32(in + i, in_flash);
        if (function == THB_UNARY_NEG) out[i] = (int32_t)(0u - (uint32_t)x);
        if (function == THB_UNARY_SQUARE) out[i] = (int32_t)((uint32_t)x * (uint32_t)x);
        if (function == THB_UNARY_SIGN) out[i] = x > 0 ? 1 : x < 0 ? -1 : 0;
    }
}

THB_KERNEL void thb_unary_s64(const int64_t* in, int in_flash, int64_t* out, int function,
                              thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int64_t x = THB_LOAD_S64(in + i, in_flash);
        if (function == THB_UNARY_NEG) out[i] = (int64_t)(0u - (uint64_t)x);
        if (function == THB_UNARY_SQUARE) out[i] = (int64_t)((uint64_t)x * (uint64_t)x);
        if (function == THB_UNARY_SIGN) out[i] = x > 0 ? 1 : x < 0 ? -1 : 0;
    }
}
