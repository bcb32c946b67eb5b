// A sum of table rows that grows with every id of a text, and what it gives at the text's end.
#include "kernels/requantize.h"
#include "port/thb_port.h"

// A row number within the table: ids are data, and the device cannot refuse them.
THB_KERNEL int32_t thb_bag_row(int32_t id, int32_t rows)
{
    return id < 0 ? 0 : id >= rows ? rows - 1 : id;
}

// sums[k] += table[id][k] for each id, as long as *taken < limit; *taken counts them.
// ids     int32 [places], of which *count are ids; all when count is null
// table   [rows][width] in flash; width is a key
// sums    [width], state; |sums| < 2^30 because limit <= 32768
THB_KERNEL void thb_bag_add_s8(const int32_t* ids, const int32_t* count, const int8_t* table,
                               int32_t* sums, int32_t* taken, thb_index_t places, int32_t rows,
                               thb_index_t width, int32_t limit)
{
    thb_index_t i, k;
    if (count && *count < places) places = (thb_index_t)*count;
    for (i = 0; i < places && *taken < limit; ++i, ++*taken) {
        const int8_t* row = table + thb_bag_row(ids[i], rows) * width;
        for (k = 0; k < width; ++k) sums[k] += THB_FLASH_S8(row + k);
    }
}

THB_KERNEL void thb_bag_add_s16(const int32_t* ids, const int32_t* count, const int16_t* table,
                                int32_t* sums, int32_t* taken, thb_index_t places, int32_t rows,
                                thb_index_t width, int32_t limit)
{
    thb_index_t i, k;
    if (count && *count < places) places = (thb_index_t)*count;
    for (i = 0; i < places && *taken < limit; ++i, ++*taken) {
        const int16_t* row = table + thb_bag_row(ids[i], rows) * width;
        for (k = 0; k < width; ++k) sums[k] += THB_FLASH_S16(row + k);
    }
}

THB_KERNEL void thb_bag_add_f32(const int32_t* ids, const int32_t* count, const float* table,
                                float* sums, int32_t* taken, thb_index_t places, int32_t rows,
                                thb_index_t width, int32_t limit)
{
    thb_index_t i, k;
    if (count && *count < places) places = (thb_index_t)*count;
    for (i = 0; i < places && *taken < limit; ++i, ++*taken) {
        const float* row = table + thb_bag_row(ids[i], rows) * width;
        for (k = 0; k < width; ++k) sums[k] += THB_FLASH_F32(row + k);
    }
}

// out[k] = sums[k] + (limit - *taken) * pad[k] + offset[k]; then sums = 0, *taken = 0.
// pad, offset   int32 [width] in flash, |pad| < 2^15, |offset| <= 2^29
THB_KERNEL void thb_bag_finish_s32(int32_t* sums, int32_t* taken, const int32_t* pad,
                                   const int32_t* offset, int32_t* out, thb_index_t width,
                                   int32_t limit)
{
    thb_index_t k;
    for (k = 0; k < width; ++k) {
        out[k] = sums[k] + (limit - *taken) * THB_FLASH_S32(pad + k) + THB_FLASH_S32(offset + k);
        sums[k] = 0;
    }
    *taken = 0;
}

// out[k] = clamp(zero_point + multiply(sums[k] + (limit - *taken) * pad[k] + start)); then
// sums = 0, *taken = 0.
// pad     int8 [width] in flash
// start   minus limit times the zero point of the rows; 1 / limit is part of the multiplier
// Range:  limit <= 32768, so that the sum stays below 2^24.
THB_KERNEL void thb_bag_mean_s8(int32_t* sums, int32_t* taken, const int8_t* pad, int8_t* out,
                                thb_index_t width, int32_t limit, int32_t start, int32_t multiplier,
                                int8_t shift, int16_t zero_point)
{
    thb_index_t k;
    for (k = 0; k < width; ++k) {
        const int32_t sum = sums[k] + (limit - *taken) * THB_FLASH_S8(pad + k) + start;
        const int32_t mean = thb_multiply(sum, multiplier, shift) + zero_point;
        out[k] = (int8_t)thb_clamp(mean, -128, 127);
        sums[k] = 0;
    }
    *taken = 0;
}

// out[k] = (sums[k] + (limit - *taken) * pad[k]) * part + offset[k], part = 1 / limit.
THB_KERNEL void thb_bag_finish_f32(float* sums, int32_t* taken, const float* pad,
                                   const float* offset, float* out, thb_index_t width,
                                   int32_t limit, float part)
{
    thb_index_t k;
    for (k = 0; k < width; ++k) {
        const float pads = (float)(limit - *taken) * THB_FLASH_F32(pad + k);
        out[k] = (sums[k] + pads) * part + THB_FLASH_F32(offset + k);
        sums[k] = 0;
    }
    *taken = 0;
}
