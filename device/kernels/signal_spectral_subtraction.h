// Noise reduction: a slow average per channel is subtracted (docs/numerics.md, "Audio"):
//   up = in * 2^smoothing_bits
//   state = (up * smoothing + state * one_minus_smoothing) >> bits, odd channels with another pair
//   out = max((up - min(state, up)) >> smoothing_bits, (in * least) >> bits)
//
// in, out, estimate  uint32 [count]; out may be in. estimate: the state for the next operator
// state              uint32 [count]; `clamping` 1: never above `up`
// halves             1: bits <= 16, and each pair of factors, and `least`, add up to 65536 at most,
//                    so that the 16-bit halves of the values fit 32 bits
#include "port/thb_port.h"

// (a * x + b * y) >> bits modulo 2^32.
THB_KERNEL uint32_t thb_signal_weighted(uint32_t a, uint32_t x, uint32_t b, uint32_t y, int bits,
                                        int halves)
{
    if (!halves) return (uint32_t)(((uint64_t)a * x + (uint64_t)b * y) >> bits);
    return (((a >> 16) * x + (b >> 16) * y) << (16 - bits)) +
           (((a & 0xFFFF) * x + (b & 0xFFFF) * y) >> bits);
}

THB_KERNEL void thb_signal_spectral_subtraction_u32(const uint32_t* in, uint32_t* state,
                                                    uint32_t* out, uint32_t* estimate,
                                                    thb_index_t count, int bits, int smoothing_bits,
                                                    uint32_t even, uint32_t one_minus_even,
                                                    uint32_t odd, uint32_t one_minus_odd,
                                                    uint32_t least, int clamping, int halves)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint32_t up = in[i] << smoothing_bits;
        const uint32_t share = (i & 1) ? odd : even;
        const uint32_t rest = (i & 1) ? one_minus_odd : one_minus_even;
        const uint32_t noise = thb_signal_weighted(up, share, state[i], rest, bits, halves);
        const uint32_t floor_value = thb_signal_weighted(in[i], least, 0, 0, bits, halves);
        const uint32_t removed = noise > up ? up : noise;
        const uint32_t left = (up - removed) >> smoothing_bits;
        state[i] = clamping ? removed : noise;
        estimate[i] = state[i];
        out[i] = left > floor_value ? left : floor_value;
    }
}
