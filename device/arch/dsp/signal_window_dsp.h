// thb_signal_window_s16, two samples at a time. Same contract and bits as kernels/signal_window.h,
// for shifts up to 31.
#include "arch/dsp/complex_dsp.h"

// a.hi * b.hi.
THB_KERNEL int32_t thb_upper_halves(uint32_t a, uint32_t b)
{
    int32_t result;
    __asm__("smultt %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

THB_KERNEL int16_t thb_window_saturated(int32_t product, int shift)
{
    int32_t result = product >> shift;
    __asm__("ssat %0, #16, %0" : "+r"(result));
    return (int16_t)result;
}

THB_KERNEL void thb_signal_window_s16_dsp(const int16_t* in, const int16_t* weights, int16_t* out,
                                          thb_index_t frames, thb_index_t count, int shift)
{
    int32_t f, i;
    for (f = 0; f < frames; ++f) {
        for (i = 0; i + 1 < count; i += 2) {
            const uint32_t x = thb_load_pair(in + i), w = thb_load_pair(weights + i);
            const int32_t low = (int32_t)(int16_t)x * (int16_t)w;
            const uint32_t first = (uint32_t)(uint16_t)thb_window_saturated(low, shift);
            const uint32_t second = (uint32_t)thb_window_saturated(thb_upper_halves(x, w), shift)
                                    << 16;
            thb_store_pair(out + i, first | second);
        }
        if (i < count) out[i] = thb_window_saturated((int32_t)in[i] * weights[i], shift);
        in += count;
        out += count;
    }
}
