// Window function of the audio front end (docs/numerics.md, "Audio"):
//   out[f][i] = saturate((in[f][i] * weights[i]) >> shift)
//
// in, out    int16 [frames][count]; out may be in
// weights    int16 [count], in flash
// saturates  0: all weights lie within 0 and 2^shift, shift <= 16, so that no product leaves int16
#include "port/thb_port.h"

// The bits from `shift` on. An 8-bit core shifts left by the few bits that are missing to a whole
// word: it shifts bit by bit.
THB_KERNEL int16_t thb_window_scaled(int32_t product, int shift)
{
    if (sizeof(int) == 2) return (int16_t)(uint16_t)(((uint32_t)product << (16 - shift)) >> 16);
    return (int16_t)(product >> shift);
}

THB_KERNEL void thb_signal_window_s16(const int16_t* in, const int16_t* weights, int16_t* out,
                                      thb_index_t frames, thb_index_t count, int shift,
                                      int saturates)
{
    thb_index_t f, i;
    for (f = 0; f < frames; ++f) {
        for (i = 0; i < count; ++i) {
            const int32_t product = (int32_t)*in++ * THB_FLASH_S16(weights + i);
            if (saturates) {
                const int32_t value = product >> shift;
                *out++ = (int16_t)(value > 32767             ? 32767
                                   : value < INT32_C(-32768) ? INT32_C(-32768)
                                                             : value);
            } else {
                *out++ = thb_window_scaled(product, shift);
            }
        }
    }
}
