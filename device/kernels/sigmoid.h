// 16-bit sigmoid functions by a table and linear interpolation (docs/numerics.md, "Sigmoid table").
#include "port/thb_port.h"

// 1 / (1 + e^-v) with 15 fraction bits; v in steps of 1 / 12288 (4096 times 3).
// table  uint16 [256] in flash: 65536 / (1 + e^(-i / 24))
THB_KERNEL int16_t thb_sigmoid_look(int32_t v, const uint16_t* table)
{
    const uint32_t magnitude = v < 0 ? (uint32_t)0 - (uint32_t)v : (uint32_t)v;
    const uint32_t segment = magnitude >> 9;
    uint32_t y = UINT32_C(0x7FFF) << 10;
    if (segment < 255) {
        const uint16_t begin = THB_FLASH_U16(table + segment);
        const uint16_t end = THB_FLASH_U16(table + segment + 1);
        y = ((uint32_t)begin << 9) + (magnitude & 511u) * (uint32_t)(uint16_t)(end - begin);
    }
    return (int16_t)((v >= 0 ? y + 512u : (UINT32_C(1) << 25) - y + 511u) >> 10);
}

// tanh(v) with 15 fraction bits, v in steps of 1 / 12288; the same table.
THB_KERNEL int16_t thb_tanh_look(int32_t v, const uint16_t* table)
{
    const uint32_t magnitude = v < 0 ? (uint32_t)0 - (uint32_t)v : (uint32_t)v;
    const uint32_t segment = magnitude >> 8;
    int32_t y = (int32_t)(UINT32_C(0xFFFF) << 8) - (INT32_C(1) << 23);
    if (segment < 255) {
        const uint16_t begin = THB_FLASH_U16(table + segment);
        const uint16_t end = THB_FLASH_U16(table + segment + 1);
        y = (int32_t)(((uint32_t)begin << 8) +
                      (magnitude & 255u) * (uint32_t)(uint16_t)(end - begin)) -
            (INT32_C(1) << 23);
    }
    return (int16_t)((v >= 0 ? y + 128 : 127 - y) >> 8);
}

// out[i] = sigmoid or (`is_tanh` 1) tanh of (in[i] * multiplier) / 2^shift rounded half up; int16,
// may be in place. Range: |in * multiplier| < 2^31.
THB_KERNEL void thb_sigmoid_s16(const int16_t* in, int in_flash, const uint16_t* table, int is_tanh,
                                int16_t* out, thb_index_t count, int32_t multiplier, int8_t shift)
{
    const int32_t half = shift > 0 ? INT32_C(1) << (shift - 1) : 0;
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t v = (THB_LOAD_S16(in + i, in_flash) * multiplier + half) >> shift;
        out[i] = is_tanh ? thb_tanh_look(v, table) : thb_sigmoid_look(v, table);
    }
}
