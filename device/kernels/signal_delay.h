// Delays every stream by `delay` samples:
//   out = the first `count` of (state followed by in); state = the last `delay` of them
//
// in, out  int16 [streams][count]; must not overlap
// state    int16 [streams][delay]
#include "port/thb_port.h"

THB_KERNEL void thb_signal_delay_s16(const int16_t* in, int16_t* state, int16_t* out,
                                     thb_index_t streams, thb_index_t count, thb_index_t delay)
{
    const thb_index_t old = delay < count ? delay : count;
    const thb_index_t fresh = (thb_index_t)(count - old);
    const thb_index_t kept = (thb_index_t)(delay - old);
    thb_index_t s;
    for (s = 0; s < streams; ++s) {
        memcpy(out, state, (size_t)old * sizeof(int16_t));
        memcpy(out + old, in, (size_t)fresh * sizeof(int16_t));
        memmove(state, state + old, (size_t)kept * sizeof(int16_t));
        memcpy(state + kept, in + fresh, (size_t)old * sizeof(int16_t));
        in += count;
        out += count;
        state += delay;
    }
}
