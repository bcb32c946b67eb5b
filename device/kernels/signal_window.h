// Window function of the audio front end (docs/numerics.md, "Audio"):
//   out[f][i] = saturate((in[f][i] * weights[i]) >> shift)
//
// in, out  int16 [frames][count]; out may be in
// weights  int16 [count], in flash
#include "port/thb_port.h"

THB_KERNEL void thb_signal_window_s16(const int16_t* in, const int16_t* weights, int16_t* out,
                                      thb_index_t frames, thb_index_t count, int shift)
{
    thb_index_t f, i;
    for (f = 0; f < frames; ++f) {
        for (i = 0; i < count; ++i) {
            const int32_t value = ((int32_t)*in++ * THB_FLASH_S16(weights + i)) >> shift;
            *out++ = (int16_t)(value > 32767             ? 32767
                               : value < INT32_C(-32768) ? INT32_C(-32768)
                                                         : value);
        }
    }
}
