// Joins overlapping frames to a stream: each frame is added to the state with saturation, whose
// first `step` samples are then output and dropped.
//
// in     int16 [streams][frames][size]
// state  int16 [streams][size]
// out    int16 [streams][frames][step]; must not overlap `in`
#include "port/thb_port.h"

THB_KERNEL void thb_signal_overlap_add_s16(const int16_t* in, int16_t* state, int16_t* out,
                                           thb_index_t streams, thb_index_t frames,
                                           thb_index_t size, thb_index_t step)
{
    thb_index_t s, f, i;
    for (s = 0; s < streams; ++s) {
        for (f = 0; f < frames; ++f) {
            for (i = 0; i < size; ++i) {
                const int32_t sum = (int32_t)state[i] + *in++;
                state[i] = (int16_t)(sum > 32767             ? 32767
                                     : sum < INT32_C(-32768) ? INT32_C(-32768)
                                                             : sum);
            }
            memcpy(out, state, (size_t)step * sizeof(int16_t));
            memmove(state, state + step, (size_t)(size - step) * sizeof(int16_t));
            memset(state + (size - step), 0, (size_t)step * sizeof(int16_t));
            out += step;
        }
        state += size;
    }
}
