// One-hot vectors.
#include "kernels/move.h"
#include "port/thb_port.h"

// out[o][d][i] = indices[o][i] == d ? on : off
// indices  int32 or int64 [outer][inner] (index_bytes 4 or 8); on, off: one element of
//          element_bytes bytes
// *_flash  1 where the array is a table
THB_KERNEL void thb_one_hot(const void* indices, int indices_flash, int index_bytes, const void* on,
                            int on_flash, const void* off, int off_flash, void* out,
                            thb_index_t outer, thb_index_t depth, thb_index_t inner,
                            int element_bytes)
{
    uint8_t* to = (uint8_t*)out;
    thb_index_t base = 0, o, d, i;
    for (o = 0; o < outer; ++o) {
        for (d = 0; d < depth; ++d) {
            for (i = 0; i < inner; ++i) {
                const thb_index_t at = (thb_index_t)(base + i);
                const int same =
                    index_bytes == 8
                        ? THB_LOAD_S64((const int64_t*)indices + at, indices_flash) == d
                        : THB_LOAD_S32((const int32_t*)indices + at, indices_flash) == d;
                if (same) thb_move_element((const uint8_t*)on, on_flash, to, element_bytes);
                else thb_move_element((const uint8_t*)off, off_flash, to, element_bytes);
                to += element_bytes;
            }
        }
        base = (thb_index_t)(base + inner);
    }
}
