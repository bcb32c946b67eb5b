// Puts pooled values back to their places.
#include "kernels/move.h"
#include "port/thb_port.h"

// out[b][indices[b][i]] = in[b][i]; an index outside of 0 .. out_count - 1 writes nothing.
// in   [batches][in_count] elements of element_bytes bytes; indices int32 likewise; tables where
//      *_flash is 1
// out  [batches][out_count], zeros before; must not overlap the others
THB_KERNEL void thb_max_unpooling(const void* in, int in_flash, const int32_t* indices,
                                  int indices_flash, void* out, thb_index_t batches,
                                  thb_index_t in_count, thb_index_t out_count, int element_bytes)
{
    const uint8_t* from = (const uint8_t*)in;
    uint8_t* to = (uint8_t*)out;
    thb_index_t b, i;
    for (b = 0; b < batches; ++b) {
        for (i = 0; i < in_count; ++i) {
            const int32_t index = THB_LOAD_S32(indices, indices_flash);
            if (index >= 0 && index < out_count)
                thb_move_element(from, in_flash, to + (size_t)index * (size_t)element_bytes,
                                 element_bytes);
            from += element_bytes;
            ++indices;
        }
        to += (size_t)out_count * (size_t)element_bytes;
    }
}
