// Slides a window over rows, `hop` rows at a time.
#include "kernels/copy.h"

// rows     `fresh` new rows of `row_bytes` bytes
// window   [length] rows, state
// missing  int16 [1], state: rows until the next window is complete, a multiple of `fresh`; rows
//          that come before its last `length` ones are skipped
// valid    1 when the window is complete; the next call moves its last length - hop rows to its
//          begin
// hop      a multiple of `fresh`
THB_KERNEL void thb_slide(const void* rows, int in_flash, void* window, int16_t* missing,
                          uint8_t* valid, thb_index_t row_bytes, int16_t fresh, int16_t length,
                          int16_t hop)
{
    uint8_t* const held = (uint8_t*)window;
    int16_t skipped;
    if (*missing == 0) {
        if (hop < length)
            memmove(held, held + (thb_index_t)(hop * (int32_t)row_bytes),
                    (size_t)(length - hop) * (size_t)row_bytes);
        *missing = hop;
    }
    skipped = (int16_t)(*missing > length ? *missing - length : 0);
    if (skipped < fresh)
        thb_copy((const uint8_t*)rows + (thb_index_t)(skipped * (int32_t)row_bytes), in_flash,
                 held + (thb_index_t)((length - *missing + skipped) * (int32_t)row_bytes),
                 (uint32_t)(fresh - skipped) * (uint32_t)row_bytes);
    *missing = (int16_t)(*missing - fresh);
    *valid = *missing == 0;
}
