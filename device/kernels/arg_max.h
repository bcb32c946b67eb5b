// The place of the greatest (greatest = 1) or smallest (0) element of the middle axis.
#include "kernels/greater.h"
#include "port/thb_port.h"

// out[o][i] = first k with the best in[o][k][i]
// in         [outer][count][inner] of `type` (THB_ELEMENT_*), a table when in_flash is 1;
//            count >= 1
// out        int32 or int64 [outer][inner], index_bytes 4 or 8; must not overlap `in`
THB_KERNEL void thb_arg_max(const void* in, int in_flash, int type, void* out, int index_bytes,
                            thb_index_t outer, thb_index_t count, thb_index_t inner, int greatest)
{
    thb_index_t base = 0, to = 0, o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            thb_index_t at = (thb_index_t)(base + i);
            thb_index_t best_at = at, best = 0;
            for (k = 1; k < count; ++k) {
                at = (thb_index_t)(at + inner);
                if (greatest ? thb_greater(in, in_flash, type, at, best_at)
                             : thb_greater(in, in_flash, type, best_at, at)) {
                    best_at = at;
                    best = k;
                }
            }
            if (index_bytes == 8) ((int64_t*)out)[to] = best;
            else ((int32_t*)out)[to] = best;
            ++to;
        }
        base = (thb_index_t)(base + count * inner);
    }
}
