// Scales a frame up as far as 16 bits allow, so that the FFT loses little (docs/numerics.md,
// "Audio"):
//   out[i] = in[i] * 2^s, s = 15 - significant bits of max |in|
//
// in, out  int16 [count]; out may be in
// scale    int32 [1]: s. A frame of zeros gives 0; -32768 counts as a negative maximum, which the
//          next larger value replaces: both as the reference.
#include "port/thb_port.h"

THB_KERNEL void thb_signal_fft_auto_scale_s16(const int16_t* in, int16_t* out, int32_t* scale,
                                              thb_index_t count)
{
    int16_t most = 0;
    int8_t shift = 0;
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int32_t value = in[i];
        if (value > most) {
            most = (int16_t)value;
        } else if (-value > most) {
            most = (int16_t)-value;
        }
    }
    if (most > 0) shift = (int8_t)(thb_leading_zeros((uint32_t)most) - 17);
    for (i = 0; i < count; ++i) out[i] = (int16_t)(uint16_t)((uint32_t)in[i] << shift);
    *scale = shift;
}
