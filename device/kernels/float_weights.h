// Weights of layers that compute in float32, as they lie in flash or RAM.
#include "port/thb_port.h"

#define THB_WEIGHTS_F32 0 // float
#define THB_WEIGHTS_F16 1 // IEEE binary16
#define THB_WEIGHTS_S8 2  // int8, real = scale * q
#define THB_WEIGHTS_S4 3  // int4, two a byte, even element in the low nibble, real = scale * q
#define THB_WEIGHTS_SCALED(format) ((format) >= THB_WEIGHTS_S8)

// binary16 to binary32, exactly; infinities and NaNs do not occur in weights.
THB_KERNEL float thb_half_to_float(uint16_t half)
{
    union {
        uint32_t bits;
        float value;
    } number;
    // The exponent and mantissa of the half, moved into place, are 2^-112 too small: one multiply
    // repairs normal and subnormal numbers alike.
    number.bits = (uint32_t)(half & 0x7FFFu) << 13;
    number.value *= 5.192296858534828e33f; // 2^112
    number.bits |= (uint32_t)(half & 0x8000u) << 16;
    return number.value;
}

// Element `at` of an int4 array in flash.
THB_KERNEL int8_t thb_nibble(const uint8_t* packed, size_t at)
{
    const uint8_t pair = THB_FLASH_U8(packed + (at >> 1));
    return (int8_t)((at & 1u) ? (int8_t)pair >> 4 : (int8_t)(uint8_t)(pair << 4) >> 4);
}

THB_KERNEL float thb_float_weight(const void* weights, size_t at, int format, int flash)
{
    if (format == THB_WEIGHTS_F16)
        return thb_half_to_float(THB_LOAD_U16((const uint16_t*)weights + at, flash));
    if (format == THB_WEIGHTS_S8) return (float)THB_LOAD_S8((const int8_t*)weights + at, flash);
    if (format == THB_WEIGHTS_S4) return (float)thb_nibble((const uint8_t*)weights, at);
    return THB_LOAD_F32((const float*)weights + at, flash);
}
