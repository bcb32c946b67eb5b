// Collects a window of rows once the motion starts.
#include "kernels/copy.h"
#include "kernels/element.h"

// strong = sum_c |row[c]| > threshold, for integers of type key `type` (THB_S8, THB_S16).
//
// Range: at most 1024 channels, so that the sum fits 31 bits. `threshold` >= -1.
THB_KERNEL void thb_is_strong_int(const void* row, int in_flash, int type, uint8_t* strong,
                                  thb_index_t channels, int32_t threshold)
{
    int32_t sum = 0;
    thb_index_t c;
    for (c = 0; c < channels; ++c) {
        const int32_t value = thb_load_int(row, c, type, in_flash);
        sum += value < 0 ? -value : value;
    }
    *strong = sum > threshold;
}

// The same for float32, summed in this order.
THB_KERNEL void thb_is_strong_f32(const float* row, int in_flash, uint8_t* strong,
                                  thb_index_t channels, float threshold)
{
    float sum = 0.0f;
    thb_index_t c;
    for (c = 0; c < channels; ++c) {
        const float value = THB_LOAD_F32(row + c, in_flash);
        sum += value < 0.0f ? -value : value;
    }
    *strong = sum > threshold;
}

// Appends a row to the window, or to the `before` rows of history at its begin.
//
// row       one row of `row_bytes` bytes
// window    [samples] rows, state
// progress  int16 [3], state: rows held, whether the window has started, weak rows still to pass
// valid     1 when the window is full: the next call makes its last `before` rows the history
// before    rows in front of the strong one that starts a window, below `samples`
// rearm     weak rows, one after another, that must pass behind a window
THB_KERNEL void thb_trigger(const uint8_t* strong, const void* row, int in_flash, void* window,
                            int16_t* progress, uint8_t* valid, thb_index_t row_bytes,
                            int16_t samples, int16_t before, int16_t rearm)
{
    uint8_t* const rows = (uint8_t*)window;
    int16_t held = progress[0];
    if (held == samples) {
        memmove(rows, rows + (thb_index_t)((samples - before) * (int32_t)row_bytes),
                (size_t)before * (size_t)row_bytes);
        held = before;
        progress[1] = 0;
        progress[2] = rearm;
    }
    *valid = 0;
    if (!progress[1]) {
        if (progress[2] > 0) {
            progress[2] = *strong ? rearm : (int16_t)(progress[2] - 1);
        } else if (*strong && held == before) {
            progress[1] = 1;
        }
        if (!progress[1] && held == before) {
            if (before == 0) {
                progress[0] = 0;
                return;
            }
            --held;
            memmove(rows, rows + row_bytes, (size_t)held * (size_t)row_bytes);
        }
    }
    thb_copy(row, in_flash, rows + (thb_index_t)(held * (int32_t)row_bytes), (uint32_t)row_bytes);
    ++held;
    progress[0] = held;
    *valid = held == samples;
}
