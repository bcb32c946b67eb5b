// A function of one int8 value as a table of its 256 results.
#include "port/thb_port.h"

// out[i] = table[in[i] as an unsigned byte]; may be in place.
// table  int8 [256] in flash, results for the inputs 0 to 127, then -128 to -1
THB_KERNEL void thb_lookup_s8(const int8_t* in, int in_flash, const int8_t* table, int8_t* out,
                              thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i)
        out[i] = THB_FLASH_S8(table + (uint8_t)THB_LOAD_S8(in + i, in_flash));
}
