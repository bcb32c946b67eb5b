// Complex FFT of int16 numbers with the fixed-point arithmetic of kissfft: every stage divides by
// its radix, so the result is 1/length of the transform (docs/numerics.md, "Audio").
//
// A complex number is two int16, real part first. All sums wrap modulo 2^16.
#include "port/thb_port.h"

// Bits 15 to 30 of a Q15 product, rounded half up. An 8-bit core shifts left by one and takes the
// upper half: it shifts by 15 bit by bit.
THB_KERNEL int16_t thb_fft_round(int32_t value)
{
    if (sizeof(int) == 2) return (int16_t)(uint16_t)((((uint32_t)value + 16384) << 1) >> 16);
    return (int16_t)((value + 16384) >> 15);
}

// value / 2 and value / 4 as the reference divides: by a product with 32767 / radix.
#define THB_FFT_HALF(value) thb_fft_round((int32_t)(value)*16383)
#define THB_FFT_QUARTER(value) thb_fft_round((int32_t)(value)*8191)

// (*re, *im) times the factor at `table`, in flash.
THB_KERNEL void thb_fft_rotate(int16_t* re, int16_t* im, const int16_t* table)
{
    const int32_t wr = THB_FLASH_S16(table);
    const int32_t wi = THB_FLASH_S16(table + 1);
    const int32_t a = *re;
    const int32_t b = *im;
    *re = thb_fft_round(a * wr - b * wi);
    *im = thb_fft_round(a * wi + b * wr);
}

// Where element i of the input stands before the first stage: its digits in the radices 4, 4, ...
// and, if log2(length) is odd, a last 2, in reverse order.
THB_KERNEL thb_index_t thb_fft_place(thb_index_t i, thb_index_t length)
{
    thb_index_t place = 0;
    while (length >= 4) {
        length = (thb_index_t)(length / 4);
        place = (thb_index_t)(place + (i & 3) * length);
        i = (thb_index_t)(i >> 2);
    }
    return (thb_index_t)(place + (length == 2 ? i : 0));
}

// The sums and differences of a radix-4 butterfly: a, b, c, d, divided by 4 and rotated, become the
// elements at 0, step, 2 * step and 3 * step behind z.
THB_KERNEL void thb_fft_combine(int16_t* z, thb_index_t step, const int16_t* a, const int16_t* b,
                                const int16_t* c, const int16_t* d, int inverse)
{
    int16_t* const q1 = z + 2 * step;
    int16_t* const q2 = z + 4 * step;
    int16_t* const q3 = z + 6 * step;
    const int32_t sr = (int32_t)a[0] + c[0], si = (int32_t)a[1] + c[1];
    const int32_t tr = (int32_t)a[0] - c[0], ti = (int32_t)a[1] - c[1];
    const int32_t vr = (int32_t)b[0] + d[0], vi = (int32_t)b[1] + d[1];
    const int32_t ur = inverse ? (int32_t)d[0] - b[0] : (int32_t)b[0] - d[0];
    const int32_t ui = inverse ? (int32_t)d[1] - b[1] : (int32_t)b[1] - d[1];
    z[0] = (int16_t)(sr + vr);
    z[1] = (int16_t)(si + vi);
    q1[0] = (int16_t)(tr + ui);
    q1[1] = (int16_t)(ti - ur);
    q2[0] = (int16_t)(sr - vr);
    q2[1] = (int16_t)(si - vi);
    q3[0] = (int16_t)(tr - ui);
    q3[1] = (int16_t)(ti + ur);
}

// One radix-4 butterfly over z, z + 2 * step, z + 4 * step, z + 6 * step; w1 is the number of the
// first factor. For w1 = 0 all factors are 32767 / 32768, which changes no value that was divided
// by 4: such butterflies are not `rotated`.
THB_KERNEL void thb_fft_butterfly(int16_t* z, thb_index_t step, const int16_t* twiddles,
                                  thb_index_t w1, int rotated, int inverse)
{
    int16_t a[2], b[2], c[2], d[2];
    a[0] = THB_FFT_QUARTER(z[0]);
    a[1] = THB_FFT_QUARTER(z[1]);
    b[0] = THB_FFT_QUARTER(z[2 * step]);
    b[1] = THB_FFT_QUARTER(z[2 * step + 1]);
    c[0] = THB_FFT_QUARTER(z[4 * step]);
    c[1] = THB_FFT_QUARTER(z[4 * step + 1]);
    d[0] = THB_FFT_QUARTER(z[6 * step]);
    d[1] = THB_FFT_QUARTER(z[6 * step + 1]);
    if (rotated) {
        thb_fft_rotate(&b[0], &b[1], twiddles + 2 * w1);
        thb_fft_rotate(&c[0], &c[1], twiddles + 4 * w1);
        thb_fft_rotate(&d[0], &d[1], twiddles + 6 * w1);
    }
    thb_fft_combine(z, step, a, b, c, d, inverse);
}

// The stages that join transforms of `step` elements, already in place, up to `length`.
THB_KERNEL void thb_fft_stages(int16_t* data, const int16_t* twiddles, thb_index_t length,
                               thb_index_t step, int inverse)
{
    thb_index_t begin, k;
    while (step < length) {
        const thb_index_t stride = (thb_index_t)(length / 4 / step);
        for (begin = 0; begin < length; begin = (thb_index_t)(begin + 4 * step)) {
            thb_fft_butterfly(data + 2 * begin, step, twiddles, 0, 0, inverse);
            for (k = 1; k < step; ++k)
                thb_fft_butterfly(data + 2 * (begin + k), step, twiddles, (thb_index_t)(k * stride),
                                  1, inverse);
        }
        step = (thb_index_t)(4 * step);
    }
}

// True where the radices of `length` are all 4.
THB_KERNEL int thb_fft_is_power_of_4(thb_index_t length)
{
    while (length >= 4) length = (thb_index_t)(length / 4);
    return length == 1;
}

// In place over `length` complex numbers that thb_fft_place has ordered; length is a power of two.
// twiddles: complex int16 exp(-2 pi j i / length) (+ for the inverse), i < 3/4 length, in flash.
THB_KERNEL void thb_fft_s16(int16_t* data, const int16_t* twiddles, thb_index_t length, int inverse)
{
    const int odd = !thb_fft_is_power_of_4(length);
    thb_index_t begin;
    if (odd) {
        // The innermost stage of an odd log2: its only factor is 1.
        for (begin = 0; begin < length; begin = (thb_index_t)(begin + 2)) {
            int16_t* const z = data + 2 * begin;
            const int16_t ar = THB_FFT_HALF(z[0]), ai = THB_FFT_HALF(z[1]);
            const int16_t br = THB_FFT_HALF(z[2]), bi = THB_FFT_HALF(z[3]);
            z[0] = (int16_t)(ar + br);
            z[1] = (int16_t)(ai + bi);
            z[2] = (int16_t)(ar - br);
            z[3] = (int16_t)(ai - bi);
        }
    }
    thb_fft_stages(data, twiddles, length, odd ? 2 : 1, inverse);
}
