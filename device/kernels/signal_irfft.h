// Inverse of signal_rfft: h + 1 complex bins become fft_length = 2h real samples, scaled by 1 /
// fft_length again, so that a round trip loses log2(fft_length) bits (docs/numerics.md, "Audio").
//
// in        complex int16 [frames][h + 1]
// twiddles  complex int16 exp(+2 pi j i / h), i < 3/4 h, in flash
// splits    complex int16 exp(+pi j ((i + 1) / h + 1/2)), i < h/2, in flash
// out       int16 [frames][2h]; must not overlap `in`
#include "kernels/signal_fft.h"

THB_KERNEL void thb_signal_irfft_s16(const int16_t* in, const int16_t* twiddles,
                                     const int16_t* splits, int16_t* out, thb_index_t frames,
                                     thb_index_t fft_length)
{
    const thb_index_t half = (thb_index_t)(fft_length / 2);
    thb_index_t f, k;
    for (f = 0; f < frames; ++f) {
        out[0] = THB_FFT_HALF((int16_t)(in[0] + in[2 * half]));
        out[1] = THB_FFT_HALF((int16_t)((int32_t)in[0] - in[2 * half]));
        for (k = 1; k <= half / 2; ++k) {
            const int16_t* const a = in + 2 * k;
            const int16_t* const b = in + 2 * (half - k);
            int16_t* const low = out + 2 * thb_fft_place(k, half);
            int16_t* const high = out + 2 * thb_fft_place((thb_index_t)(half - k), half);
            const int16_t pr = THB_FFT_HALF(a[0]), pi = THB_FFT_HALF(a[1]);
            const int16_t qr = THB_FFT_HALF(b[0]), qi = THB_FFT_HALF((int16_t) - (int32_t)b[1]);
            const int32_t er = (int16_t)(pr + qr), ei = (int16_t)(pi + qi);
            int16_t gr = (int16_t)(pr - qr), gi = (int16_t)(pi - qi);
            thb_fft_rotate(&gr, &gi, splits + 2 * (k - 1));
            low[0] = (int16_t)(er + gr);
            low[1] = (int16_t)(ei + gi);
            high[0] = (int16_t)(er - gr);
            high[1] = (int16_t) - (int16_t)(ei - gi);
        }
        thb_fft_s16(out, twiddles, half, 1);
        in += 2 * (half + 1);
        out += fft_length;
    }
}
