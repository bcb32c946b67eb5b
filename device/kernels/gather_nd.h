// Picks slices by index tuples.
#include "kernels/gather.h"
#include "port/thb_port.h"

// out[t] = the run of run_bytes bytes of `in` at sum_d clamp(indices[t][d]) * step_d.
// indices        [tuples][depth], int32 or int64; a table when indices_flash is 1
// axes           int32 [depth][2] in flash: elements along the axis, bytes between them
// element_bytes  1, 2, 4, 8: a run is one element of that size; 0: a run of any size
THB_KERNEL void thb_gather_nd(const void* in, int in_flash, const void* indices, int indices_flash,
                              int index_bytes, void* out, const int32_t* axes, thb_index_t tuples,
                              thb_index_t depth, thb_index_t run_bytes, int element_bytes)
{
    uint8_t* to = (uint8_t*)out;
    thb_index_t at = 0, t, d;
    for (t = 0; t < tuples; ++t) {
        const uint8_t* run = (const uint8_t*)in;
        for (d = 0; d < depth; ++d) {
            const thb_index_t count = (thb_index_t)THB_FLASH_S32(axes + 2 * d);
            const thb_index_t index =
                thb_clamped_index(indices, indices_flash, index_bytes, at, count);
            run += (size_t)index * (size_t)THB_FLASH_S32(axes + 2 * d + 1);
            ++at;
        }
        if (element_bytes == 0) thb_copy(run, in_flash, to, (uint32_t)run_bytes);
        else thb_move_element(run, in_flash, to, element_bytes);
        to += run_bytes;
    }
}
