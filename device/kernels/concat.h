// One input of a concatenation of legacy 8-bit tensors with different scales.
#include "port/thb_port.h"

// out[r][i] = table[in[r][i]] for rows that lie out_step bytes apart in `out`.
// in     uint8 or int8 [rows][row_bytes], a table when in_flash is 1; out must not overlap
// table  256 bytes in flash, by stored byte
THB_KERNEL void thb_concat_lookup(const void* in, int in_flash, const uint8_t* table, void* out,
                                  thb_index_t rows, thb_index_t row_bytes, thb_index_t out_step)
{
    const uint8_t* from = (const uint8_t*)in;
    uint8_t* to = (uint8_t*)out;
    for (; rows > 0; --rows) {
        thb_index_t i;
        for (i = 0; i < row_bytes; ++i)
            to[i] = THB_FLASH_U8(table + THB_LOAD_U8(from + i, in_flash));
        from += row_bytes;
        to += out_step;
    }
}
