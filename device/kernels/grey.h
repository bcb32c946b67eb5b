// Colours to brightness.
#include "port/thb_port.h"

// in   uint8 [count][3]: red, green, blue
// out  uint8 [count]; may begin where `in` does
THB_KERNEL void thb_grey_u8(const uint8_t* in, uint8_t* out, thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i, in += 3) {
        // At most 65,408: uint16_t holds it where int has 16 bits, too.
        const uint16_t sum = (uint16_t)(77u * in[0] + 150u * in[1] + 29u * in[2] + 128u);
        out[i] = (uint8_t)(sum >> 8);
    }
}
