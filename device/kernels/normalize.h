// Numbers into the range that a network was trained with.
#include "kernels/element.h"

// Element i, divided by `divide` >= 1 without the fraction, and limited. 16 bits suffice for
// elements of 16 bits.
THB_KERNEL int32_t thb_divided(const void* in, int in_flash, int in_type, thb_index_t i,
                               int32_t divide, int32_t lowest, int32_t highest)
{
    const int32_t x = thb_load_int(in, i, in_type, in_flash);
    const int32_t t = in_type <= THB_S16 && divide <= 32767 ? (int16_t)x / (int16_t)divide
                                                            : x / divide;
    return t < lowest ? lowest : t > highest ? highest : t;
}

// out[i] = clamp(in[i] / divide) + offset
//
// These kernels take elements of the type keys `in_type` and `out_type`, and may be in place
// when the output's elements are not longer than the input's. The compiler has proven that the
// results fit `out_type` and are those of docs/numerics.md, "Normalize", for every input.
THB_KERNEL void thb_normalize_offset(const void* in, int in_flash, int in_type, void* out,
                                     int out_type, thb_index_t count, int32_t divide,
                                     int32_t lowest, int32_t highest, int32_t offset)
{
    thb_index_t i;
    for (i = 0; i < count; ++i)
        thb_store_int(out, i, out_type,
                      thb_divided(in, in_flash, in_type, i, divide, lowest, highest) + offset);
}

// out[i] = clamp(in[i] / divide[c]) + offset[c], c = i % channels: for channels that differ.
//
// divide, offset  int32 [channels], in flash
THB_KERNEL void thb_normalize_whole(const void* in, int in_flash, int in_type, void* out,
                                    int out_type, thb_index_t count, thb_index_t channels,
                                    const int32_t* divide, int32_t lowest, int32_t highest,
                                    const int32_t* offset)
{
    thb_index_t i, c = 0;
    for (i = 0; i < count; ++i) {
        thb_store_int(out, i, out_type,
                      thb_divided(in, in_flash, in_type, i, THB_FLASH_S32(divide + c), lowest,
                                  highest) + THB_FLASH_S32(offset + c));
        if (++c == channels) c = 0;
    }
}

// out[i] = table[clamp(in[i] / divide) - lowest]
//
// table  int8 [highest - lowest + 1], in flash
THB_KERNEL void thb_normalize_table(const void* in, int in_flash, int in_type, void* out,
                                    int out_type, thb_index_t count, int32_t divide,
                                    int32_t lowest, int32_t highest, const int8_t* table)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t t = thb_divided(in, in_flash, in_type, i, divide, lowest, highest);
        thb_store_int(out, i, out_type, THB_FLASH_S8(table + (int16_t)(t - lowest)));
    }
}

// u = clamp(in[i] / divide) + add
// out[i] = clamp(sign(u) * ((|u| * multiplier + 2^(shift - 1)) >> shift) + zero_point)
//
// Range: the sum before the shift fits 32 bits, with `wide` 64 bits. shift in [1, 31]. q_lowest and
// q_highest: of out_type.
THB_KERNEL void thb_normalize_multiply(const void* in, int in_flash, int in_type, void* out,
                                       int out_type, thb_index_t count, int32_t divide,
                                       int32_t lowest, int32_t highest, int wide, int32_t add,
                                       uint32_t multiplier, int8_t shift, int32_t zero_point,
                                       int32_t q_lowest, int32_t q_highest)
{
    const uint32_t half = UINT32_C(1) << (shift - 1);
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t u = thb_divided(in, in_flash, in_type, i, divide, lowest, highest) + add;
        const uint32_t a = u < 0 ? 0u - (uint32_t)u : (uint32_t)u;
        const uint32_t size = wide ? (uint32_t)(((uint64_t)a * multiplier + half) >> shift)
                                   : (a * multiplier + half) >> shift;
        const int32_t q = (u < 0 ? -(int32_t)size : (int32_t)size) + zero_point;
        thb_store_int(out, i, out_type, q < q_lowest ? q_lowest : q > q_highest ? q_highest : q);
    }
}

// The same for channels that differ: element i has channel i % channels.
//
// divide, add int32, multiplier uint32, shift int8, [channels], in flash
THB_KERNEL void thb_normalize_multiply_channels(
    const void* in, int in_flash, int in_type, void* out, int out_type, thb_index_t count,
    thb_index_t channels, const int32_t* divide, int32_t lowest, int32_t highest, int wide,
    const int32_t* add, const uint32_t* multiplier, const int8_t* shift, int32_t zero_point,
    int32_t q_lowest, int32_t q_highest)
{
    thb_index_t i, c = 0;
    for (i = 0; i < count; ++i) {
        const int32_t u = thb_divided(in, in_flash, in_type, i, THB_FLASH_S32(divide + c), lowest,
                                      highest) + THB_FLASH_S32(add + c);
        const uint32_t a = u < 0 ? 0u - (uint32_t)u : (uint32_t)u;
        const uint32_t m = THB_FLASH_U32(multiplier + c);
        const int8_t s = THB_FLASH_S8(shift + c);
        const uint32_t half = UINT32_C(1) << (s - 1);
        const uint32_t size =
            wide ? (uint32_t)(((uint64_t)a * m + half) >> s) : (a * m + half) >> s;
        const int32_t q = (u < 0 ? -(int32_t)size : (int32_t)size) + zero_point;
        thb_store_int(out, i, out_type, q < q_lowest ? q_lowest : q > q_highest ? q_highest : q);
        if (++c == channels) c = 0;
    }
}

// out[i] = (clamp(in[i] / divide) + add) / scale as float32: the quotient and the sum in integers.
//
// divide int32, add, scale float, [channels], in flash; element i has channel i % channels.
// Range: the sum is below 2^24 + 2^31, its float32 is rounded once.
THB_KERNEL void thb_normalize_real(const void* in, int in_flash, int in_type, float* out,
                                   thb_index_t count, thb_index_t channels, const int32_t* divide,
                                   int32_t lowest, int32_t highest, const float* add,
                                   const float* scale)
{
    thb_index_t i, c = 0;
    for (i = 0; i < count; ++i) {
        const int32_t t = thb_divided(in, in_flash, in_type, i, THB_FLASH_S32(divide + c), lowest,
                                      highest);
        const float u = (float)(t + (int32_t)THB_FLASH_F32(add + c));
        out[i] = u / THB_FLASH_F32(scale + c);
        if (++c == channels) c = 0;
    }
}

// The same for float32, where the quotient keeps its fraction. May be in place.
THB_KERNEL void thb_normalize_f32(const float* in, int in_flash, float* out, thb_index_t count,
                                  thb_index_t channels, const float* divide, float lowest,
                                  float highest, const float* add, const float* scale)
{
    thb_index_t i, c = 0;
    for (i = 0; i < count; ++i) {
        float t = THB_LOAD_F32(in + i, in_flash) / THB_FLASH_F32(divide + c);
        if (t < lowest) t = lowest;
        if (t > highest) t = highest;
        out[i] = (t + THB_FLASH_F32(add + c)) / THB_FLASH_F32(scale + c);
        if (++c == channels) c = 0;
    }
}
