// Automatic gain control per channel (PCAN): the gain is a function of the noise estimate, read
// from a table of quadratic pieces, one an octave (docs/numerics.md, "Audio"):
//   snr = (in * gain(estimate)) >> snr_shift;  out = snr < 8192 ? snr^2 >> 20 : (snr >> 6) - 64
//
// in, estimate, out  uint32 [count]; out may be in or estimate
// lut                int16 [125], in flash: values at 0, 1, 2, then for octave k >= 2, from 4k - 6,
//                    the value, the slope and the curvature
#include "port/thb_port.h"

THB_KERNEL int16_t thb_signal_gain(uint32_t x, const int16_t* lut)
{
    uint8_t bits;
    int32_t fraction, result;
    if (x <= 2) return THB_FLASH_S16(lut + x);
    bits = (uint8_t)(32 - thb_leading_zeros(x));
    fraction = (int32_t)((bits < 11 ? x << (11 - bits) : x >> (bits - 11)) & 0x3FF);
    lut += 4 * bits - 6;
    result = (THB_FLASH_S16(lut + 2) * fraction) >> 5;
    result += THB_FLASH_S16(lut + 1) * INT32_C(32);
    result = (result * fraction + 16384) >> 15;
    return (int16_t)(result + THB_FLASH_S16(lut));
}

// (value * gain) >> shift modulo 2^32: in 16-bit halves where the gain is positive and the shift
// small, else in 64 bits.
THB_KERNEL uint32_t thb_signal_amplified(uint32_t value, int16_t gain, int shift)
{
    if (gain < 0 || shift > 16)
        return (uint32_t)(((uint64_t)value * (uint64_t)(int64_t)gain) >> shift);
    return ((value >> 16) * (uint16_t)gain << (16 - shift)) +
           ((uint32_t)(uint16_t)value * (uint16_t)gain >> shift);
}

THB_KERNEL void thb_signal_pcan_u32(const uint32_t* in, const uint32_t* estimate,
                                    const int16_t* lut, uint32_t* out, thb_index_t count,
                                    int snr_shift)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int16_t gain = thb_signal_gain(estimate[i], lut);
        const uint32_t snr = thb_signal_amplified(in[i], gain, snr_shift);
        out[i] = snr < 8192 ? (snr * snr) >> 20 : (snr >> 6) - 64;
    }
}
