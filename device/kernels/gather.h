// Picks slices by index.
#include "kernels/move.h"
#include "port/thb_port.h"

// Index `at` of an int32 or int64 array (index_bytes 4 or 8), clamped to 0 .. count - 1: the index
// is data, and the device has no way to refuse it.
THB_KERNEL thb_index_t thb_clamped_index(const void* indices, int in_flash, int index_bytes,
                                         thb_index_t at, thb_index_t count)
{
    if (index_bytes == 8) {
        const int64_t index = THB_LOAD_S64((const int64_t*)indices + at, in_flash);
        return index < 0 ? 0 : index >= count ? (thb_index_t)(count - 1) : (thb_index_t)index;
    } else {
        const int32_t index = THB_LOAD_S32((const int32_t*)indices + at, in_flash);
        return index < 0 ? 0 : index >= count ? (thb_index_t)(count - 1) : (thb_index_t)index;
    }
}

// out[b][o][i] = in[b][o][indices[b][i]], each a run of run_bytes bytes.
// in             [batches][outer][count] runs, a table when in_flash is 1
// indices        [batches][picks], int32 or int64; a table when indices_flash is 1
// element_bytes  1, 2, 4, 8: a run is one element of that size; 0: a run of any size
// out            must not overlap the others
THB_KERNEL void thb_gather(const void* in, int in_flash, const void* indices, int indices_flash,
                           int index_bytes, void* out, thb_index_t batches, thb_index_t outer,
                           thb_index_t count, thb_index_t picks, thb_index_t run_bytes,
                           int element_bytes)
{
    const uint8_t* from = (const uint8_t*)in;
    uint8_t* to = (uint8_t*)out;
    thb_index_t base = 0, b, o, i;
    for (b = 0; b < batches; ++b) {
        for (o = 0; o < outer; ++o) {
            for (i = 0; i < picks; ++i) {
                const thb_index_t index = thb_clamped_index(indices, indices_flash, index_bytes,
                                                            (thb_index_t)(base + i), count);
                const uint8_t* run = from + (size_t)index * (size_t)run_bytes;
                if (element_bytes == 0) thb_copy(run, in_flash, to, (uint32_t)run_bytes);
                else thb_move_element(run, in_flash, to, element_bytes);
                to += run_bytes;
            }
            from += (size_t)count * (size_t)run_bytes;
        }
        base = (thb_index_t)(base + picks);
    }
}
