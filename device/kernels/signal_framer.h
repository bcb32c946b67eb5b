// Cuts a stream into overlapping frames. Each group of `step` samples is appended to a queue; once
// it holds `size`, the oldest `size` are a frame and the oldest `step` go.
//
// in     int16 [streams][groups][step]
// queue  int16 [streams][capacity], state; used int32 [1]: how many of them are held, equal for all
// out    int16 [streams][groups][size]; frames before the first full one are zeros
// valid  1 when the last group completed a frame, else 0
#include "port/thb_port.h"

THB_KERNEL void thb_signal_framer_s16(const int16_t* in, int16_t* queue, int32_t* used,
                                      int16_t* out, uint8_t* valid, thb_index_t streams,
                                      thb_index_t groups, thb_index_t size, thb_index_t step,
                                      thb_index_t capacity)
{
    thb_index_t held = 0;
    thb_index_t s, g;
    for (s = 0; s < streams; ++s) {
        held = (thb_index_t)*used;
        for (g = 0; g < groups; ++g) {
            memcpy(queue + held, in, (size_t)step * sizeof(int16_t));
            held = (thb_index_t)(held + step);
            *valid = held >= size;
            if (*valid) {
                memcpy(out, queue, (size_t)size * sizeof(int16_t));
                held = (thb_index_t)(held - step);
                memmove(queue, queue + step, (size_t)held * sizeof(int16_t));
            } else {
                memset(out, 0, (size_t)size * sizeof(int16_t));
            }
            in += step;
            out += size;
        }
        queue += capacity;
    }
    *used = held;
}
