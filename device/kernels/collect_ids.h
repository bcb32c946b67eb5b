// A list of ids that a text fills word by word.
#include "port/thb_port.h"

// Appends ids[0 .. *count), all `n` when count is null, to list[*filled ..]; those that find no
// place among `places` are left out.
THB_KERNEL void thb_collect_ids(const int32_t* ids, const int32_t* count, int32_t* list,
                                int32_t* filled, thb_index_t n, thb_index_t places)
{
    thb_index_t i;
    if (count && *count < n) n = (thb_index_t)*count;
    for (i = 0; i < n && *filled < places; ++i) list[(*filled)++] = ids[i];
}

// out[places] = the list, and `pad` behind it, or with `pads_first` in front of it; then the list
// is empty. `out` must not overlap `list`.
THB_KERNEL void thb_take_ids(const int32_t* list, int32_t* filled, int32_t* out, thb_index_t places,
                             int32_t pad, int pads_first)
{
    const thb_index_t count = *filled < places ? (thb_index_t)*filled : places;
    const thb_index_t first = pads_first ? (thb_index_t)(places - count) : 0;
    thb_index_t i;
    for (i = 0; i < places; ++i) out[i] = pad;
    for (i = 0; i < count; ++i) out[first + i] = list[i];
    *filled = 0;
}
