// Which decisions are reported.
#include "port/thb_port.h"

// label, certain: one element each, in RAM
// waiting  decisions still passed over; updated
// report   one byte, 1 or 0
// silent   [silent_count] in flash: labels that are never reported
// pause    decisions that are passed over behind a reported one
THB_KERNEL void thb_report(const int32_t* label, const uint8_t* certain, int32_t* waiting,
                           uint8_t* report, const int32_t* silent, thb_index_t silent_count,
                           int32_t pause)
{
    uint8_t counts = (uint8_t)(*certain != 0 && *waiting == 0);
    thb_index_t i;
    for (i = 0; i < silent_count; ++i)
        if (THB_FLASH_S32(silent + i) == *label) counts = 0;
    if (counts)
        *waiting = pause;
    else if (*waiting > 0)
        *waiting -= 1;
    *report = counts;
}
