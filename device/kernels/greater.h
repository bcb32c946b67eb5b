// Compares elements of one array, whatever their type.
#include "port/thb_port.h"

#define THB_ELEMENT_F32 0
#define THB_ELEMENT_S8 1
#define THB_ELEMENT_U8 2
#define THB_ELEMENT_S16 3
#define THB_ELEMENT_S32 4
#define THB_ELEMENT_S64 5

// data[a] > data[b]; type is a THB_ELEMENT_*, data a table when in_flash is 1.
THB_KERNEL int thb_greater(const void* data, int in_flash, int type, thb_index_t a, thb_index_t b)
{
    if (type == THB_ELEMENT_F32) {
        const float* values = (const float*)data;
        return THB_LOAD_F32(values + a, in_flash) > THB_LOAD_F32(values + b, in_flash);
    } else if (type == THB_ELEMENT_S8) {
        const int8_t* values = (const int8_t*)data;
        return THB_LOAD_S8(values + a, in_flash) > THB_LOAD_S8(values + b, in_flash);
    } else if (type == THB_ELEMENT_U8) {
        const uint8_t* values = (const uint8_t*)data;
        return THB_LOAD_U8(values + a, in_flash) > THB_LOAD_U8(values + b, in_flash);
    } else if (type == THB_ELEMENT_S16) {
        const int16_t* values = (const int16_t*)data;
        return THB_LOAD_S16(values + a, in_flash) > THB_LOAD_S16(values + b, in_flash);
    } else if (type == THB_ELEMENT_S32) {
        const int32_t* values = (const int32_t*)data;
        return THB_LOAD_S32(values + a, in_flash) > THB_LOAD_S32(values + b, in_flash);
    } else {
        const int64_t* values = (const int64_t*)data;
        return THB_LOAD_S64(values + a, in_flash) > THB_LOAD_S64(values + b, in_flash);
    }
}
