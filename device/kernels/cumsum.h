// Running sums along the middle axis of [outer][count][inner].
//
// exclusive 1: an element is not part of its own sum; reverse 1: from the end. `in` is a table when
// in_flash is 1; `out` may be `in`.
#include "port/thb_port.h"

THB_KERNEL void thb_cumsum_f32(const float* in, int in_flash, float* out, thb_index_t outer,
                               thb_index_t count, thb_index_t inner, int exclusive, int reverse)
{
    thb_index_t base = 0, o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            thb_index_t at = (thb_index_t)(base + i + (reverse ? (count - 1) * inner : 0));
            float sum = 0.0f;
            for (k = 0; k < count; ++k) {
                const float before = sum;
                sum += THB_LOAD_F32(in + at, in_flash);
                out[at] = exclusive ? before : sum;
                at = (thb_index_t)(reverse ? at - inner : at + inner);
            }
        }
        base = (thb_index_t)(base + count * inner);
    }
}

// Sums of integers wrap.
THB_KERNEL void thb_cumsum_s32(const int32_t* in, int in_flash, int32_t* out, thb_index_t outer,
                               thb_index_t count, thb_index_t inner, int exclusive, int reverse)
{
    thb_index_t base = 0, o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            thb_index_t at = (thb_index_t)(base + i + (reverse ? (count - 1) * inner : 0));
            uint32_t sum = 0;
            for (k = 0; k < count; ++k) {
                const uint32_t before = sum;
                sum += (uint32_t)THB_LOAD_S32(in + at, in_flash);
                out[at] = (int32_t)(exclusive ? before : sum);
                at = (thb_index_t)(reverse ? at - inner : at + inner);
            }
        }
        base = (thb_index_t)(base + count * inner);
    }
}

THB_KERNEL void thb_cumsum_s64(const int64_t* in, int in_flash, int64_t* out, thb_index_t outer,
                               thb_index_t count, thb_index_t inner, int exclusive, int reverse)
{
    thb_index_t base = 0, o, i, k;
    for (o = 0; o < outer; ++o) {
        for (i = 0; i < inner; ++i) {
            thb_index_t at = (thb_index_t)(base + i + (reverse ? (count - 1) * inner : 0));
            uint64_t sum = 0;
            for (k = 0; k < count; ++k) {
                const uint64_t before = sum;
                sum += (uint64_t)THB_LOAD_S64(in + at, in_flash);
                out[at] = (int64_t)(exclusive ? before : sum);
                at = (thb_index_t)(reverse ? at - inner : at + inner);
            }
        }
        base = (thb_index_t)(base + count * inner);
    }
}
