// Mel filter bank: triangular filters that overlap by half, so that every bin of an interval counts
// with `weights` in one channel and with `unweights` in the next (docs/numerics.md, "Audio"):
//   out[c] = sum over interval c + 1 of weights * in + sum over interval c of unweights * in
//
// in                uint32 [bins]
// weights, unweights  int16, the intervals' entries one after another, in flash
// bin_starts, weight_starts, widths  int16 [channels + 1], in flash; ranges checked by the host
// out               uint64 [channels]; must not overlap `in`
//
// form  THB_BANK_ANY      any weights; sums wrap modulo 2^64
//       THB_BANK_WIDE     no weight is negative: 32 x 32 -> 64 bits
//       THB_BANK_HALVES   besides, the weights of an interval add up to 65537 at most: the halves
//       of
//                         the energies are summed in 32 bits each
#include "port/thb_port.h"

#define THB_BANK_ANY 0
#define THB_BANK_WIDE 1
#define THB_BANK_HALVES 2

// Energies of one interval, weighted twice.
typedef struct {
    uint64_t rising, falling;
} thb_bank_sums_t;

THB_KERNEL thb_bank_sums_t thb_bank_halves(const uint32_t* bins, const int16_t* weights,
                                           const int16_t* unweights, int16_t width)
{
    thb_bank_sums_t sums;
    uint32_t rising_low = 0, rising_high = 0, falling_low = 0, falling_high = 0;
    int16_t j;
    for (j = 0; j < width; ++j) {
        const uint16_t low = (uint16_t)bins[j], high = (uint16_t)(bins[j] >> 16);
        const uint16_t w = (uint16_t)THB_FLASH_S16(weights + j);
        const uint16_t u = (uint16_t)THB_FLASH_S16(unweights + j);
        rising_low += (uint32_t)w * low;
        rising_high += (uint32_t)w * high;
        falling_low += (uint32_t)u * low;
        falling_high += (uint32_t)u * high;
    }
    sums.rising = ((uint64_t)rising_high << 16) + rising_low;
    sums.falling = ((uint64_t)falling_high << 16) + falling_low;
    return sums;
}

THB_KERNEL thb_bank_sums_t thb_bank_wide(const uint32_t* bins, const int16_t* weights,
                                         const int16_t* unweights, int16_t width, int form)
{
    thb_bank_sums_t sums;
    int16_t j;
    sums.rising = 0;
    sums.falling = 0;
    for (j = 0; j < width; ++j) {
        const int16_t w = THB_FLASH_S16(weights + j);
        const int16_t u = THB_FLASH_S16(unweights + j);
        if (form == THB_BANK_ANY) {
            sums.rising += (uint64_t)w * bins[j];
            sums.falling += (uint64_t)u * bins[j];
        } else {
            sums.rising += (uint64_t)(uint16_t)w * bins[j];
            sums.falling += (uint64_t)(uint16_t)u * bins[j];
        }
    }
    return sums;
}

THB_KERNEL void thb_signal_filter_bank_u32(const uint32_t* in, const int16_t* weights,
                                           const int16_t* unweights, const int16_t* bin_starts,
                                           const int16_t* weight_starts, const int16_t* widths,
                                           uint64_t* out, thb_index_t channels, int form)
{
    uint64_t before = 0;
    thb_index_t c;
    for (c = 0; c <= channels; ++c) {
        const uint32_t* const bins = in + THB_FLASH_S16(bin_starts + c);
        const int16_t start = THB_FLASH_S16(weight_starts + c);
        const int16_t width = THB_FLASH_S16(widths + c);
        const thb_bank_sums_t sums =
            form == THB_BANK_HALVES
                ? thb_bank_halves(bins, weights + start, unweights + start, width)
                : thb_bank_wide(bins, weights + start, unweights + start, width, form);
        if (c > 0) out[c - 1] = before + sums.rising;
        before = sums.falling;
    }
}
