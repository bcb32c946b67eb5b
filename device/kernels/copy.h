// Moves bytes unchanged; `from` may be a table in flash. Must not overlap unless equal.
#include "port/thb_port.h"

THB_KERNEL void thb_copy(const void* from, int from_flash, void* to, uint32_t bytes)
{
    if (from_flash) {
        const uint8_t* source = (const uint8_t*)from;
        uint8_t* target = (uint8_t*)to;
        uint32_t i;
        for (i = 0; i < bytes; ++i) target[i] = THB_FLASH_U8(source + i);
    } else {
        memmove(to, from, (size_t)bytes);
    }
}
