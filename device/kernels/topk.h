// The greatest elements of each row.
#include "kernels/greater.h"
#include "kernels/move.h"
#include "port/thb_port.h"

// values[r][j], places[r][j]: the j-th greatest element of row r and its place; the first of equals
// wins.
// in      [rows][count] of `type` (THB_ELEMENT_*, element_bytes each), a table when in_flash is 1
// values  [rows][k], places int32 [rows][k], 1 <= k <= count; must not overlap `in`
// Insertion into a sorted list of k: good for the small k that networks use.
THB_KERNEL void thb_topk(const void* in, int in_flash, int type, int element_bytes, void* values,
                         int32_t* places, thb_index_t rows, thb_index_t count, thb_index_t k)
{
    uint8_t* to = (uint8_t*)values;
    thb_index_t base = 0, r, i, j;
    for (r = 0; r < rows; ++r) {
        thb_index_t filled = 0;
        for (i = 0; i < count; ++i) {
            j = filled;
            while (j > 0 && thb_greater(in, in_flash, type, (thb_index_t)(base + i),
                                        (thb_index_t)(base + places[j - 1]))) {
                if (j < k) places[j] = places[j - 1];
                --j;
            }
            if (j < k) places[j] = i;
            if (filled < k) ++filled;
        }
        for (j = 0; j < k; ++j) {
            const size_t from = (size_t)(base + places[j]) * (size_t)element_bytes;
            thb_move_element((const uint8_t*)in + from, in_flash, to, element_bytes);
            to += element_bytes;
        }
        places += k;
        base = (thb_index_t)(base + count);
    }
}
