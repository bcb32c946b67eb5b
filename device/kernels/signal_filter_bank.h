// Mel filter bank: triangular filters that overlap by half, so that every bin of an interval counts
// with `weights` in one channel and with `unweights` in the next (docs/numerics.md, "Audio"):
//   out[c] = sum over interval c + 1 of weights * in + sum over interval c of unweights * in
//
// in                uint32 [bins]
// weights, unweights  int16, the intervals' entries one after another, in flash
// bin_starts, weight_starts, widths  int16 [channels + 1], in flash; ranges checked by the host
// out               uint64 [channels]; must not overlap `in`
#include "port/thb_port.h"

THB_KERNEL void thb_signal_filter_bank_u32(const uint32_t* in, const int16_t* weights,
                                           const int16_t* unweights, const int16_t* bin_starts,
                                           const int16_t* weight_starts, const int16_t* widths,
                                           uint64_t* out, thb_index_t channels)
{
    uint64_t rising = 0;
    uint64_t falling = 0;
    thb_index_t c, j;
    for (c = 0; c <= channels; ++c) {
        const uint32_t* const bins = in + THB_FLASH_S16(bin_starts + c);
        const int16_t start = THB_FLASH_S16(weight_starts + c);
        const int16_t width = THB_FLASH_S16(widths + c);
        for (j = 0; j < width; ++j) {
            rising += (uint64_t)THB_FLASH_S16(weights + start + j) * bins[j];
            falling += (uint64_t)THB_FLASH_S16(unweights + start + j) * bins[j];
        }
        if (c > 0) out[c - 1] = rising;
        rising = falling;
        falling = 0;
    }
}
