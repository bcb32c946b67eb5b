// Sets every element to one value.
#include "port/thb_port.h"

THB_KERNEL void thb_fill_bytes(void* out, uint8_t value, uint32_t bytes)
{
    memset(out, value, (size_t)bytes);
}

// Elements of 1, 2, 4 or 8 bytes from the low bytes of low, then high.
THB_KERNEL void thb_fill(void* out, int32_t low, int32_t high, int element_bytes, thb_index_t count)
{
    uint8_t* to = (uint8_t*)out;
    for (; count > 0; --count) {
        if (element_bytes == 1) {
            *to = (uint8_t)low;
        } else if (element_bytes == 2) {
            const uint16_t half = (uint16_t)low;
            memcpy(to, &half, 2);
        } else {
            memcpy(to, &low, 4);
            if (element_bytes == 8) memcpy(to + 4, &high, 4);
        }
        to += element_bytes;
    }
}
