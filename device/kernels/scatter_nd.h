// Adds slices at index tuples.
#include "port/thb_port.h"

#define THB_SCATTER_F32 0
#define THB_SCATTER_8 1
#define THB_SCATTER_16 2
#define THB_SCATTER_32 3
#define THB_SCATTER_64 4

// out[at] += updates[from]; integers wrap.
THB_KERNEL void thb_scatter_add(const void* updates, int updates_flash, thb_index_t from, void* out,
                                thb_index_t at, int type)
{
    if (type == THB_SCATTER_F32) {
        ((float*)out)[at] += THB_LOAD_F32((const float*)updates + from, updates_flash);
    } else if (type == THB_SCATTER_8) {
        const uint8_t update = THB_LOAD_U8((const uint8_t*)updates + from, updates_flash);
        ((uint8_t*)out)[at] = (uint8_t)(((uint8_t*)out)[at] + update);
    } else if (type == THB_SCATTER_16) {
        const uint16_t update = THB_LOAD_U16((const uint16_t*)updates + from, updates_flash);
        ((uint16_t*)out)[at] = (uint16_t)(((uint16_t*)out)[at] + update);
    } else if (type == THB_SCATTER_32) {
        ((uint32_t*)out)[at] += THB_LOAD_U32((const uint32_t*)updates + from, updates_flash);
    } else {
        ((uint64_t*)out)[at] +=
            (uint64_t)THB_LOAD_S64((const int64_t*)updates + from, updates_flash);
    }
}

// indices  [tuples][depth], int32 or int64 (index_bytes 4 or 8); a tuple that points outside adds
//          nothing
// updates  [tuples][run] elements of `type`, a table when updates_flash is 1
// axes     int32 [depth][2] in flash: elements along the axis, elements between its neighbours
// out      must not overlap the others; holds zeros before
THB_KERNEL void thb_scatter_nd(const void* indices, int indices_flash, int index_bytes,
                               const void* updates, int updates_flash, void* out,
                               const int32_t* axes, thb_index_t tuples, thb_index_t depth,
                               thb_index_t run, int type)
{
    thb_index_t at = 0, from = 0, t, d, r;
    for (t = 0; t < tuples; ++t) {
        thb_index_t to = 0;
        int inside = 1;
        for (d = 0; d < depth; ++d) {
            const int32_t count = THB_FLASH_S32(axes + 2 * d);
            const int64_t index = index_bytes == 8
                                      ? THB_LOAD_S64((const int64_t*)indices + at, indices_flash)
                                      : THB_LOAD_S32((const int32_t*)indices + at, indices_flash);
            if (index < 0 || index >= count) inside = 0;
            else
                to = (thb_index_t)(to + (thb_index_t)index *
                                            (thb_index_t)THB_FLASH_S32(axes + 2 * d + 1));
            ++at;
        }
        for (r = 0; r < run; ++r) {
            if (inside)
                thb_scatter_add(updates, updates_flash, from, out, (thb_index_t)(to + r), type);
            ++from;
        }
    }
}
