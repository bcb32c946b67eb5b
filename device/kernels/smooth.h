// The mean of the last results of a stream, as many as there are.
//
// values   [count] new results; a table when in_flash is 1
// held     [results][count], state: rows from the oldest on
// filled   int16 [1], state: rows that hold results; 0 at first
// out      [count]; must not overlap held. int8: rounded half up
#include "port/thb_port.h"

// The row for a new result: the oldest leaves where all rows hold one.
THB_KERNEL thb_index_t thb_smooth_row(void* held, int16_t* filled, int16_t results,
                                      thb_index_t row_bytes)
{
    if (*filled < results) {
        *filled = (int16_t)(*filled + 1);
    } else {
        memmove(held, (uint8_t*)held + row_bytes, (size_t)(results - 1) * (size_t)row_bytes);
    }
    return (thb_index_t)(*filled - 1);
}

THB_KERNEL void thb_smooth_s8(const int8_t* values, int in_flash, int8_t* held, int16_t* filled,
                              int8_t* out, thb_index_t count, int16_t results)
{
    const thb_index_t row = thb_smooth_row(held, filled, results, count);
    const int32_t rows = *filled;
    thb_index_t i, r;
    for (i = 0; i < count; ++i) {
        const int8_t* element = held + i;
        // All terms less -128, so that the division, which truncates, rounds down.
        int32_t sum = 128 * rows;
        held[row * count + i] = THB_LOAD_S8(values + i, in_flash);
        for (r = 0; r <= row; ++r) {
            sum += *element;
            element += count;
        }
        out[i] = (int8_t)((2 * sum + rows) / (2 * rows) - 128);
    }
}

THB_KERNEL void thb_smooth_f32(const float* values, int in_flash, float* held, int16_t* filled,
                               float* out, thb_index_t count, int16_t results)
{
    const thb_index_t row =
        thb_smooth_row(held, filled, results, (thb_index_t)(count * (thb_index_t)sizeof(float)));
    thb_index_t i, r;
    for (i = 0; i < count; ++i) {
        const float* element = held + i;
        float sum = 0.0f;
        held[row * count + i] = THB_LOAD_F32(values + i, in_flash);
        for (r = 0; r <= row; ++r) {
            sum += *element;
            element += count;
        }
        out[i] = sum / (float)*filled;
    }
}
