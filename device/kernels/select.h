// Choosing between elements.
#include "kernels/pair.h"

// out[i] = condition ? a : b, elements of `size` bytes; each operand in flash or RAM.
//
// form_a, period_a, walk_a  how condition and a are walked (pair.h); *_b: condition and b
// May be in place of a or b where they have the output's shape.
THB_KERNEL void thb_select(const uint8_t* condition, int condition_flash, const void* a,
                           int a_flash, const void* b, int b_flash, void* out, int size, int form_a,
                           thb_index_t period_a, const int32_t* walk_a, int form_b,
                           thb_index_t period_b, const int32_t* walk_b, thb_index_t count)
{
    thb_pair_t at_a = thb_pair_start();
    thb_pair_t at_b = thb_pair_start();
    uint8_t* to = (uint8_t*)out;
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        int8_t k;
        if (THB_LOAD_U8(condition + at_a.a, condition_flash)) {
            const uint8_t* from = (const uint8_t*)a + (size_t)at_a.b * (size_t)size;
            for (k = 0; k < size; ++k) to[k] = THB_LOAD_U8(from + k, a_flash);
        } else {
            const uint8_t* from = (const uint8_t*)b + (size_t)at_b.b * (size_t)size;
            for (k = 0; k < size; ++k) to[k] = THB_LOAD_U8(from + k, b_flash);
        }
        to += size;
        thb_pair_next(&at_a, form_a, period_a, walk_a);
        thb_pair_next(&at_b, form_b, period_b, walk_b);
    }
}
