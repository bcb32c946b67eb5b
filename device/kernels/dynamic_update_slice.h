// Moves a box to a place that is computed.
#include "kernels/gather.h"
#include "port/thb_port.h"

// thb_move of `update` to out + sum_d clamp(starts[d], 0, places_d - 1) * step_d.
// starts  int32 or int64 [axes] (index_bytes 4 or 8), a table when starts_flash is 1
// places  int32 [axes][2] in flash: possible starts, bytes between them
// plan, rank, element_bytes: as thb_move
THB_KERNEL void thb_update_slice(const void* update, int update_flash, const void* starts,
                                 int starts_flash, int index_bytes, void* out,
                                 const int32_t* places, thb_index_t axes, const int32_t* plan,
                                 int rank, int element_bytes)
{
    uint8_t* to = (uint8_t*)out;
    thb_index_t d;
    for (d = 0; d < axes; ++d) {
        const thb_index_t count = (thb_index_t)THB_FLASH_S32(places + 2 * d);
        const thb_index_t start = thb_clamped_index(starts, starts_flash, index_bytes, d, count);
        to += (size_t)start * (size_t)THB_FLASH_S32(places + 2 * d + 1);
    }
    thb_move(update, update_flash, to, plan, rank, element_bytes);
}
