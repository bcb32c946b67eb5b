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

// out[places] = the list, then `pad`; then the list is empty. `out` must not overlap `list`.
THB_KERNEL void thb_take_ids(const int32_t* list, int32_t* filled, int32_t* out, thb_index_t places,
                             int32_t pad)
{
    thb_index_t i;
    for (i = 0; i < places; ++i) out[i] = i < *filled ? list[i] : pad;
    *filled = 0;
}
