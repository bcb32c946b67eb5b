// FFT of real int16 samples: the even and odd samples become one complex FFT of half the length,
// computed in the output's own memory, whose bins are then taken apart (docs/numerics.md, "Audio").
//
// in        int16 [frames][count], count <= fft_length; zeros are thought behind it
// twiddles  complex int16 exp(-2 pi j i / h), i < 3/4 h, h = fft_length / 2, in flash
// splits    complex int16 exp(-pi j ((i + 1) / h + 1/2)), i < h/2, in flash
// out       complex int16 [frames][h + 1], scaled by 1 / fft_length; must not overlap `in`
#include "kernels/signal_fft.h"

// One pair of bins k and h - k; a and b point to both, equal when k = h/2 (the second then wins).
THB_KERNEL void thb_signal_rfft_split(int16_t* a, int16_t* b, const int16_t* split)
{
    const int16_t pr = THB_FFT_HALF(a[0]), pi = THB_FFT_HALF(a[1]);
    const int16_t qr = THB_FFT_HALF(b[0]), qi = THB_FFT_HALF((int16_t) - (int32_t)b[1]);
    const int32_t fr = (int16_t)(pr + qr), fi = (int16_t)(pi + qi);
    int16_t gr = (int16_t)(pr - qr), gi = (int16_t)(pi - qi);
    thb_fft_rotate(&gr, &gi, split);
    a[0] = (int16_t)((fr + gr) >> 1);
    a[1] = (int16_t)((fi + gi) >> 1);
    b[0] = (int16_t)((fr - gr) >> 1);
    b[1] = (int16_t)((gi - fi) >> 1);
}

// Element i of the complex transform, divided by 4; zeros behind the last sample.
THB_KERNEL void thb_signal_rfft_quarter(const int16_t* in, thb_index_t count, thb_index_t i,
                                        int16_t* z)
{
    z[0] = (int16_t)(2 * i < count ? THB_FFT_QUARTER(in[2 * i]) : 0);
    z[1] = (int16_t)(2 * i + 1 < count ? THB_FFT_QUARTER(in[2 * i + 1]) : 0);
}

// The first stage of a transform whose radices are all 4, from the samples to their places: the
// last digit of an element's number is the first of its place, so that elements a quarter apart
// stand side by side.
THB_KERNEL void thb_signal_rfft_first(const int16_t* in, thb_index_t count, int16_t* out,
                                      thb_index_t half)
{
    const thb_index_t quarter = (thb_index_t)(half / 4);
    thb_index_t i;
    for (i = 0; i < quarter; ++i) {
        int16_t a[2], b[2], c[2], d[2];
        thb_signal_rfft_quarter(in, count, i, a);
        thb_signal_rfft_quarter(in, count, (thb_index_t)(i + quarter), b);
        thb_signal_rfft_quarter(in, count, (thb_index_t)(i + 2 * quarter), c);
        thb_signal_rfft_quarter(in, count, (thb_index_t)(i + 3 * quarter), d);
        thb_fft_combine(out + 8 * thb_fft_place(i, quarter), 1, a, b, c, d, 0);
    }
}

THB_KERNEL void thb_signal_rfft_s16(const int16_t* in, const int16_t* twiddles,
                                    const int16_t* splits, int16_t* out, thb_index_t frames,
                                    thb_index_t count, thb_index_t fft_length)
{
    const thb_index_t half = (thb_index_t)(fft_length / 2);
    thb_index_t f, i;
    for (f = 0; f < frames; ++f) {
        int16_t zr, zi;
        if (half >= 4 && thb_fft_is_power_of_4(half)) {
            thb_signal_rfft_first(in, count, out, half);
            thb_fft_stages(out, twiddles, half, 4, 0);
        } else {
            for (i = 0; i < half; ++i) {
                int16_t* const z = out + 2 * thb_fft_place(i, half);
                z[0] = (int16_t)(2 * i < count ? in[2 * i] : 0);
                z[1] = (int16_t)(2 * i + 1 < count ? in[2 * i + 1] : 0);
            }
            thb_fft_s16(out, twiddles, half, 0);
        }
        zr = THB_FFT_HALF(out[0]);
        zi = THB_FFT_HALF(out[1]);
        out[0] = (int16_t)(zr + zi);
        out[2 * half] = (int16_t)(zr - zi);
        out[1] = 0;
        out[2 * half + 1] = 0;
        for (i = 1; i <= half / 2; ++i)
            thb_signal_rfft_split(out + 2 * i, out + 2 * (half - i), splits + 2 * (i - 1));
        in += count;
        out += 2 * (half + 1);
    }
}
