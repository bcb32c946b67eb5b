// Numbers as another element type.
#include "kernels/element.h"

// Element i of any integer array as int64; uint64 keeps its bits.
THB_KERNEL int64_t thb_load_wide(const void* array, thb_index_t i, int type, int flash)
{
    if (type == THB_S64 || type == THB_U64) return THB_LOAD_S64((const int64_t*)array + i, flash);
    if (type == THB_U32) return (int64_t)(uint32_t)THB_LOAD_U32((const uint32_t*)array + i, flash);
    return thb_load_int(array, i, type, flash);
}

THB_KERNEL void thb_store_wide(void* array, thb_index_t i, int type, int64_t value)
{
    if (type == THB_S64 || type == THB_U64) {
        ((int64_t*)array)[i] = value;
    } else if (type == THB_U32) {
        ((uint32_t*)array)[i] = (uint32_t)value;
    } else {
        thb_store_int(array, i, type, (int32_t)value);
    }
}

// The whole part; saturates, NaN is 0.
THB_KERNEL int32_t thb_whole_s32(float x)
{
    if (x != x) return 0;
    if (x >= 2147483648.0f) return INT32_C(2147483647);
    return x < -2147483648.0f ? -INT32_C(2147483647) - 1 : (int32_t)x;
}

THB_KERNEL int64_t thb_whole_s64(float x)
{
    if (x != x) return 0;
    if (x >= 9223372036854775808.0f) return INT64_C(9223372036854775807);
    return x < -9223372036854775808.0f ? -INT64_C(9223372036854775807) - 1 : (int64_t)x;
}

// out[i] = in[i] under another type, keys THB_S8 ... THB_BOOL of element.h. Integers wrap, floats
// lose their fraction. May be in place when the output's elements are not longer.
THB_KERNEL void thb_cast(const void* in, int in_flash, int in_type, void* out, int out_type,
                         thb_index_t count)
{
    const int wide = in_type == THB_S64 || in_type == THB_U64 || in_type == THB_U32 ||
                     out_type == THB_S64 || out_type == THB_U64 || out_type == THB_U32;
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        if (in_type == THB_F32) {
            const float x = THB_LOAD_F32((const float*)in + i, in_flash);
            if (out_type == THB_BOOL) {
                ((uint8_t*)out)[i] = x != 0.0f;
            } else if (wide) {
                thb_store_wide(out, i, out_type, thb_whole_s64(x));
            } else {
                thb_store_int(out, i, out_type, thb_whole_s32(x));
            }
        } else if (wide) {
            const int64_t value = thb_load_wide(in, i, in_type, in_flash);
            if (out_type == THB_F32) {
                ((float*)out)[i] = in_type == THB_U64 ? (float)(uint64_t)value : (float)value;
            } else {
                thb_store_wide(out, i, out_type, out_type == THB_BOOL ? value != 0 : value);
            }
        } else {
            const int32_t value = thb_load_int(in, i, in_type, in_flash);
            if (out_type == THB_F32) {
                ((float*)out)[i] = (float)value;
            } else {
                thb_store_int(out, i, out_type, out_type == THB_BOOL ? value != 0 : value);
            }
        }
    }
}
