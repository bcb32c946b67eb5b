// Sliding windows over an image: which filter taps lie inside the input.
//
// Tap k of an output position reads input place origin + k * dilation, where
// origin = position * stride - padding before. Places outside the input are padding.
#include "port/thb_port.h"

// What every kernel with a sliding window takes: sizes of input and output, the filter and how it
// moves, the padding before the first row and column. `padded` 0: the compiler has proven that no
// window leaves the input.
#define THB_WINDOW_PARAMETERS \
    thb_index_t batches, thb_index_t in_h, thb_index_t in_w, thb_index_t in_c, thb_index_t out_h, \
        thb_index_t out_w, thb_index_t out_c, thb_index_t filter_h, thb_index_t filter_w, \
        thb_index_t stride_h, thb_index_t stride_w, thb_index_t dilation_h, \
        thb_index_t dilation_w, thb_index_t pad_top, thb_index_t pad_left, int padded

// What does not change from one output position to the next; most of it is constant in an instance.
typedef struct {
    thb_index_t in_h, in_w, in_c;
    thb_index_t filter_h, filter_w;
    thb_index_t dilation_h, dilation_w;
} thb_window_t;

#define THB_WINDOW \
    { \
        in_h, in_w, in_c, filter_h, filter_w, dilation_h, dilation_w \
    }

// Taps [first, end) of each axis lie inside; first <= end.
typedef struct {
    thb_index_t y_first, y_end, x_first, x_end;
} thb_taps_t;

THB_KERNEL thb_index_t thb_first_tap(thb_index_t origin, thb_index_t dilation, thb_index_t end)
{
    const thb_index_t first = (thb_index_t)(origin < 0 ? (dilation - 1 - origin) / dilation : 0);
    return first < end ? first : end;
}

THB_KERNEL thb_index_t thb_end_tap(thb_index_t origin, thb_index_t dilation, thb_index_t size,
                                   thb_index_t filter)
{
    thb_index_t count;
    if (origin >= size) return 0;
    count = (thb_index_t)((size - origin + dilation - 1) / dilation);
    return count < filter ? count : filter;
}

// The taps of the window whose first tap lies at (y, x), perhaps outside.
THB_KERNEL thb_taps_t thb_clip_window(const thb_window_t* window, thb_index_t y, thb_index_t x,
                                      int padded)
{
    thb_taps_t taps;
    taps.y_end = padded ? thb_end_tap(y, window->dilation_h, window->in_h, window->filter_h)
                        : window->filter_h;
    taps.x_end = padded ? thb_end_tap(x, window->dilation_w, window->in_w, window->filter_w)
                        : window->filter_w;
    taps.y_first = padded ? thb_first_tap(y, window->dilation_h, taps.y_end) : 0;
    taps.x_first = padded ? thb_first_tap(x, window->dilation_w, taps.x_end) : 0;
    return taps;
}

// 1 when some tap of the filter lies outside.
THB_KERNEL int thb_is_clipped(const thb_window_t* window, thb_taps_t taps)
{
    return taps.y_first > 0 || taps.x_first > 0 || taps.y_end < window->filter_h ||
           taps.x_end < window->filter_w;
}

// Offset in the input of the first tap inside, in row ky of the window at (y, x), channel 0.
THB_KERNEL thb_index_t thb_row_offset(const thb_window_t* window, thb_index_t y, thb_index_t x,
                                      thb_taps_t taps, thb_index_t ky)
{
    const thb_index_t iy = (thb_index_t)(y + ky * window->dilation_h);
    const thb_index_t ix = (thb_index_t)(x + taps.x_first * window->dilation_w);
    return (thb_index_t)((iy * window->in_w + ix) * window->in_c);
}
