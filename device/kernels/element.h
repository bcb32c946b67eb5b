// Access to elements whose type is a key, so that one body serves all integer types of an operator.
// Kernels named thb_*_q and thb_*_int take such keys; values travel as int32.
#include "port/thb_port.h"

#define THB_S8 0
#define THB_U8 1
#define THB_S16 2
#define THB_U16 3
#define THB_S32 4
#define THB_U32 5  // this and the following: cast.h only
#define THB_S64 6
#define THB_U64 7
#define THB_F32 8
#define THB_BOOL 9  // one byte, 0 or 1

// Element i of an array in RAM, or in flash when `flash` is 1.
THB_KERNEL int32_t thb_load_int(const void* array, thb_index_t i, int type, int flash)
{
    if (type == THB_S8) return THB_LOAD_S8((const int8_t*)array + i, flash);
    if (type == THB_U8 || type == THB_BOOL) return THB_LOAD_U8((const uint8_t*)array + i, flash);
    if (type == THB_S16) return THB_LOAD_S16((const int16_t*)array + i, flash);
    if (type == THB_U16) return THB_LOAD_U16((const uint16_t*)array + i, flash);
    return THB_LOAD_S32((const int32_t*)array + i, flash);
}

// The low bits of `value`.
THB_KERNEL void thb_store_int(void* array, thb_index_t i, int type, int32_t value)
{
    if (type == THB_S8) ((int8_t*)array)[i] = (int8_t)value;
    if (type == THB_U8 || type == THB_BOOL) ((uint8_t*)array)[i] = (uint8_t)value;
    if (type == THB_S16) ((int16_t*)array)[i] = (int16_t)value;
    if (type == THB_U16) ((uint16_t*)array)[i] = (uint16_t)value;
    if (type == THB_S32) ((int32_t*)array)[i] = value;
}
