// Joins neighbouring frames. Frames queue up, the very first one `left` times more; once the queue
// holds `depth` of them, they are the output and the oldest `step` go.
//
// in     int16 [channels]
// queue  int16 [depth][channels], state; held int32 [1]: frames in it, -1 before the first frame
// out    int16 [depth][channels]; zeros when not valid
// valid  1 when the queue was full, else 0
#include "port/thb_port.h"

THB_KERNEL void thb_signal_stacker_s16(const int16_t* in, int16_t* queue, int32_t* held,
                                       int16_t* out, uint8_t* valid, thb_index_t channels,
                                       thb_index_t depth, thb_index_t left, thb_index_t step)
{
    const size_t frame_bytes = (size_t)channels * sizeof(int16_t);
    thb_index_t copies = (thb_index_t)(*held < 0 ? left + 1 : 1);
    thb_index_t frames = (thb_index_t)(*held < 0 ? 0 : *held);
    for (; copies > 0; --copies) {
        memcpy(queue + (int32_t)frames * channels, in, frame_bytes);
        ++frames;
    }
    *valid = frames >= depth;
    if (*valid) {
        memcpy(out, queue, (size_t)depth * frame_bytes);
        frames = (thb_index_t)(frames - step);
        memmove(queue, queue + (int32_t)step * channels, (size_t)frames * frame_bytes);
    } else {
        memset(out, 0, (size_t)depth * frame_bytes);
    }
    *held = frames;
}
