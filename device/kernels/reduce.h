// Reductions of the middle axis of [outer][count][inner] to [outer][inner].
//
// Elements are taken in their order, so that float sums round as the reference does. `in` is a
// table when in_flash is 1; `out` must not overlap it.
#include "kernels/requantize.h"
#include "port/thb_port.h"

#define THB_REDUCE_MEAN 0
#define THB_REDUCE_SUM 1
#define THB_REDUCE_PROD 2
#define THB_REDUCE_MAX 3
#define THB_REDUCE_MIN 4

#define THB_REDUCE_U8 0
#define THB_REDUCE_S8 1
#define THB_REDUCE_S16 2
#define THB_REDUCE_S32 3
#define THB_REDUCE_S64 4

// Quantised mean and sum:
//   out = clamp(out_zero_point + multiply(start + sum of in))
// start  minus count times the input's zero point; a mean's 1 / count is part of the multiplier
THB_KERNEL void thb_reduce_sum_s8(const int8_t* in, int in_flash, int8_t* out, thb_index_t outer,
                                  thb_index_t count, thb_index_t inner, int32_t start,
                                  int32_t multiplier, int8_t shift, int16_t out_zero_point,
                                  int16_t lowest, int16_t highest)
{
    thb_index_t o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            const int8_t* from = in + i;
            int32_t acc = start;
            for (k = 0; k < count; ++k) {
                acc += THB_LOAD_S8(from, in_flash);
                from += inner;
            }
            acc = thb_multiply(acc, multiplier, shift);
            *out++ = (int8_t)thb_clamp(acc + out_zero_point, lowest, highest);
        }
        in += count * inner;
    }
}

// The same for int16; the sum wraps at 32 bits as the reference's does.
THB_KERNEL void thb_reduce_sum_s16(const int16_t* in, int in_flash, int16_t* out, thb_index_t outer,
                                   thb_index_t count, thb_index_t inner, int32_t start,
                                   int32_t multiplier, int8_t shift, int16_t out_zero_point,
                                   int16_t lowest, int16_t highest)
{
    thb_index_t o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            const int16_t* from = in + i;
            int32_t acc = start;
            for (k = 0; k < count; ++k) {
                const int32_t x = THB_LOAD_S16(from, in_flash);
                acc = (int32_t)((uint32_t)acc + (uint32_t)x);
                from += inner;
            }
            acc = thb_multiply(acc, multiplier, shift);
            *out++ = (int16_t)thb_clamp(acc + out_zero_point, lowest, highest);
        }
        in += count * inner;
    }
}

// kind: THB_REDUCE_*. A mean is the sum in order, divided once.
THB_KERNEL void thb_reduce_f32(const void* input, int in_flash, void* output, thb_index_t outer,
                               thb_index_t count, thb_index_t inner, int kind)
{
    const float* in = (const float*)input;
    float* out = (float*)output;
    thb_index_t o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            const float* from = in + i;
            float acc = kind == THB_REDUCE_PROD  ? 1.0f
                        : kind == THB_REDUCE_MAX ? -FLT_MAX
                        : kind == THB_REDUCE_MIN ? FLT_MAX
                                                 : 0.0f;
            for (k = 0; k < count; ++k) {
                const float x = THB_LOAD_F32(from, in_flash);
                if (kind == THB_REDUCE_PROD) acc *= x;
                else if (kind == THB_REDUCE_MAX) acc = acc > x ? acc : x;
                else if (kind == THB_REDUCE_MIN) acc = acc < x ? acc : x;
                else acc += x;
                from += inner;
            }
            *out++ = kind == THB_REDUCE_MEAN ? acc / (float)count : acc;
        }
        in += count * inner;
    }
}

THB_KERNEL int32_t thb_reduce_load(const void* in, thb_index_t at, int type, int in_flash)
{
    if (type == THB_REDUCE_U8) return THB_LOAD_U8((const uint8_t*)in + at, in_flash);
    if (type == THB_REDUCE_S8) return THB_LOAD_S8((const int8_t*)in + at, in_flash);
    if (type == THB_REDUCE_S16) return THB_LOAD_S16((const int16_t*)in + at, in_flash);
    return THB_LOAD_S32((const int32_t*)in + at, in_flash);
}

THB_KERNEL void thb_reduce_store(void* out, thb_index_t at, int32_t value, int type)
{
    if (type == THB_REDUCE_U8) ((uint8_t*)out)[at] = (uint8_t)value;
    else if (type == THB_REDUCE_S8) ((int8_t*)out)[at] = (int8_t)value;
    else if (type == THB_REDUCE_S16) ((int16_t*)out)[at] = (int16_t)value;
    else ((int32_t*)out)[at] = value;
}

// Stored integers up to 32 bits, bools as 0 and 1: sum and product wrap; no mean.
// type: element type of `input` and `output`, THB_REDUCE_U8 to THB_REDUCE_S32
THB_KERNEL void thb_reduce_s32(const void* input, int in_flash, void* output, thb_index_t outer,
                               thb_index_t count, thb_index_t inner, int kind, int type)
{
    const int32_t highest = type == THB_REDUCE_U8    ? 255
                            : type == THB_REDUCE_S8  ? 127
                            : type == THB_REDUCE_S16 ? 32767
                                                     : INT32_C(2147483647);
    const int32_t lowest = type == THB_REDUCE_U8 ? 0 : -highest - 1;
    thb_index_t base = 0, to = 0, o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            thb_index_t at = (thb_index_t)(base + i);
            int32_t acc = kind == THB_REDUCE_PROD  ? 1
                          : kind == THB_REDUCE_MAX ? lowest
                          : kind == THB_REDUCE_MIN ? highest
                                                   : 0;
            for (k = 0; k < count; ++k) {
                const int32_t x = thb_reduce_load(input, at, type, in_flash);
                if (kind == THB_REDUCE_PROD) acc = (int32_t)((uint32_t)acc * (uint32_t)x);
                else if (kind == THB_REDUCE_MAX) acc = acc > x ? acc : x;
                else if (kind == THB_REDUCE_MIN) acc = acc < x ? acc : x;
                else acc = (int32_t)((uint32_t)acc + (uint32_t)x);
                at = (thb_index_t)(at + inner);
            }
            thb_reduce_store(output, to, acc, type);
            ++to;
        }
        base = (thb_index_t)(base + count * inner);
    }
}

// The same in 64 bits: int64, and the mean (truncated) of int32 or int64.
THB_KERNEL void thb_reduce_s64(const void* input, int in_flash, void* output, thb_index_t outer,
                               thb_index_t count, thb_index_t inner, int kind, int type)
{
    const int64_t highest = INT64_C(9223372036854775807);
    thb_index_t base = 0, to = 0, o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            thb_index_t at = (thb_index_t)(base + i);
            int64_t acc = kind == THB_REDUCE_PROD  ? 1
                          : kind == THB_REDUCE_MAX ? -highest - 1
                          : kind == THB_REDUCE_MIN ? highest
                                                   : 0;
            for (k = 0; k < count; ++k) {
                const int64_t x = type == THB_REDUCE_S64
                                      ? THB_LOAD_S64((const int64_t*)input + at, in_flash)
                                      : thb_reduce_load(input, at, type, in_flash);
                if (kind == THB_REDUCE_PROD) acc = (int64_t)((uint64_t)acc * (uint64_t)x);
                else if (kind == THB_REDUCE_MAX) acc = acc > x ? acc : x;
                else if (kind == THB_REDUCE_MIN) acc = acc < x ? acc : x;
                else acc = (int64_t)((uint64_t)acc + (uint64_t)x);
                at = (thb_index_t)(at + inner);
            }
            if (kind == THB_REDUCE_MEAN) acc /= count;
            if (type == THB_REDUCE_S64) ((int64_t*)output)[to] = acc;
            else thb_reduce_store(output, to, (int32_t)acc, type);
            ++to;
        }
        base = (thb_index_t)(base + count * inner);
    }
}
