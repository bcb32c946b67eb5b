// Windows as lists of addresses, and whether they leave the input; for kernels that treat places
// outside as the input's zero point, so that the folded bias holds at the borders too.
#include "kernels/window.h"

// Lists the input pixels under the window whose first tap lies at (y, x); `outside` stands for the
// others.
THB_KERNEL void thb_list_taps(const int8_t* in, const thb_window_t* window, thb_index_t y,
                              thb_index_t x, int padded, const int8_t* outside,
                              const int8_t** places)
{
    thb_index_t ky, kx;
    for (ky = 0; ky < window->filter_h; ++ky) {
        const thb_index_t iy = (thb_index_t)(y + ky * window->dilation_h);
        const int8_t* place = in + (iy * window->in_w + x) * window->in_c;
        const int row_inside = !padded || (iy >= 0 && iy < window->in_h);
        for (kx = 0; kx < window->filter_w; ++kx) {
            const thb_index_t ix = (thb_index_t)(x + kx * window->dilation_w);
            *places++ = row_inside && (!padded || (ix >= 0 && ix < window->in_w)) ? place : outside;
            place += window->dilation_w * window->in_c;
        }
    }
}

// 1 when every place of the window at (y, x) is inside the input.
THB_KERNEL int thb_is_inside(const thb_window_t* window, thb_index_t y, thb_index_t x)
{
    return y >= 0 && x >= 0 && y + (window->filter_h - 1) * window->dilation_h < window->in_h &&
           x + (window->filter_w - 1) * window->dilation_w < window->in_w;
}
