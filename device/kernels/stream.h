// Samples on their way from an interrupt, which pushes, to the main loop, which polls.
//
// A ring of `capacity` samples. Positions run from 0 to 2 * capacity - 1, so that a full ring is
// not mistaken for an empty one and no division is needed; sample p lies in slot p, or p -
// capacity.
//
// One side writes each field. A chip whose words are wider than its stores may be interrupted in
// the middle of one, so
// - what push writes, `written`, is read again until two readings are equal;
// - what poll writes, `taken`, has two copies and a byte that tells which one is right: push reads
//   the one that poll does not touch.
// `end` belongs to thb_stream_flush until it sets `ending`, then to poll until that clears it.
//
// Tested by tests/unit/kernels/stream_kernel_test.cc and tests/unit/emit/pipeline_c_test.cc.
#include "port/thb_port.h"

// All zeros: an empty ring at the begin of a recording. Its size is known to
// compiler/plan/stream.cc.
typedef struct {
    uint32_t samples;                  // of this recording that are not needed any more
    volatile thb_position_t written;   // behind the newest sample
    volatile thb_position_t taken[2];  // the oldest sample that may still be needed
    volatile thb_position_t end;       // of a recording
    thb_position_t skip;               // samples between the last window and the next
    volatile uint8_t shown;            // which copy of `taken` is right
    volatile uint8_t ending;           // `end` waits to be reached
} thb_stream_t;

// Samples from position `from` to position `to`.
THB_KERNEL thb_position_t thb_stream_between(thb_position_t from, thb_position_t to,
                                             thb_position_t capacity)
{
    return (thb_position_t)(to >= from ? to - from : to + (thb_position_t)(2 * capacity) - from);
}

// The position `count` samples behind `at`; count <= capacity.
THB_KERNEL thb_position_t thb_stream_behind(thb_position_t at, thb_position_t count,
                                            thb_position_t capacity)
{
    const thb_position_t left = (thb_position_t)((thb_position_t)(2 * capacity) - at);
    return (thb_position_t)(count >= left ? count - left : at + count);
}

// Stores up to `count` samples of `bytes` bytes each; returns how many found room.
THB_KERNEL size_t thb_stream_push(thb_stream_t* stream, uint8_t* ring, const void* samples,
                                  size_t count, thb_position_t capacity, size_t bytes)
{
    const uint8_t* from = (const uint8_t*)samples;
    const thb_position_t written = stream->written;
    const thb_position_t taken = stream->taken[stream->shown];
    const thb_position_t room =
        (thb_position_t)(capacity - thb_stream_between(taken, written, capacity));
    const thb_position_t slot =
        (thb_position_t)(written >= capacity ? written - capacity : written);
    const size_t before_wrap = (size_t)(thb_position_t)(capacity - slot);
    size_t first;
    if (count > room) count = room;
    if (count == 0) return 0;
    first = count < before_wrap ? count : before_wrap;
    memcpy(ring + slot * bytes, from, first * bytes);
    memcpy(ring, from + first * bytes, (count - first) * bytes);
    THB_BARRIER();
    stream->written = thb_stream_behind(written, (thb_position_t)count, capacity);
    return count;
}

THB_KERNEL thb_position_t thb_stream_written(const thb_stream_t* stream)
{
    thb_position_t first, second = stream->written;
    do {
        first = second;
        second = stream->written;
    } while (first != second);
    THB_BARRIER();
    return first;
}

// The recording ends with the newest sample. Returns 0 when an earlier end has not been reached.
THB_KERNEL int thb_stream_flush(thb_stream_t* stream)
{
    if (stream->ending) return 0;
    stream->end = thb_stream_written(stream);
    THB_BARRIER();
    stream->ending = 1;
    return 1;
}

// Gives the samples before `taken` free.
THB_KERNEL void thb_stream_take(thb_stream_t* stream, thb_position_t taken)
{
    const uint8_t other = (uint8_t)(stream->shown ^ 1);
    THB_BARRIER();
    stream->taken[other] = taken;
    THB_BARRIER();
    stream->shown = other;
}

THB_KERNEL void thb_stream_copy(const uint8_t* ring, thb_position_t from, thb_position_t count,
                                thb_position_t capacity, size_t bytes, uint8_t* to)
{
    const thb_position_t slot = (thb_position_t)(from >= capacity ? from - capacity : from);
    const thb_position_t before_wrap = (thb_position_t)(capacity - slot);
    const size_t first = count < before_wrap ? count : before_wrap;
    memcpy(to, ring + slot * bytes, first * bytes);
    memcpy(to + first * bytes, ring, (count - first) * bytes);
}

// The next recording begins behind the end of this one. Returns the samples of the one that is
// over.
THB_KERNEL uint32_t thb_stream_end(thb_stream_t* stream, thb_position_t capacity)
{
    const thb_position_t end = stream->end;
    const thb_position_t taken = stream->taken[stream->shown];
    const uint32_t samples = stream->samples + thb_stream_between(taken, end, capacity);
    thb_stream_take(stream, end);
    stream->samples = 0;
    stream->skip = 0;
    THB_BARRIER();
    stream->ending = 0;
    return samples;
}

// What poll has to do: 0 nothing, 1 a tick on the `window` samples that were copied to `to`, 2 end
// the recording. `samples` is how many of the recording lie before the end of the window, or of the
// recording.
THB_KERNEL uint8_t thb_stream_next(thb_stream_t* stream, const uint8_t* ring, thb_position_t window,
                                   thb_position_t hop, thb_position_t capacity, size_t bytes,
                                   uint8_t* to, uint32_t* samples)
{
    // An end that is marked after `limit` was read lies behind it.
    thb_position_t limit = thb_stream_written(stream);
    const uint8_t ending = stream->ending;
    thb_position_t taken = stream->taken[stream->shown], held, step;
    THB_BARRIER();
    if (ending) limit = stream->end;
    held = thb_stream_between(taken, limit, capacity);
    if (stream->skip > 0) {
        step = stream->skip < held ? stream->skip : held;
        taken = thb_stream_behind(taken, step, capacity);
        thb_stream_take(stream, taken);
        stream->skip = (thb_position_t)(stream->skip - step);
        stream->samples += step;
        held = (thb_position_t)(held - step);
    }
    if (stream->skip > 0 || held < window) {
        if (!ending) return 0;
        *samples = thb_stream_end(stream, capacity);
        return 2;
    }
    thb_stream_copy(ring, taken, window, capacity, bytes, to);
    *samples = stream->samples + window;
    step = hop < held ? hop : held;
    thb_stream_take(stream, thb_stream_behind(taken, step, capacity));
    stream->skip = (thb_position_t)(hop - step);
    stream->samples += step;
    return 1;
}
