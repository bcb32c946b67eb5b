// thb_signal_rfft_s16 with two 16-bit operations in one instruction, for FFT lengths whose half is
// a power of 4. Same contract and bits as kernels/signal_rfft.h.
//
// Range: a value that was divided by 4 has |x| <= 8192, so that no sum of products leaves int32; at
// the end |g| <= 2^15 and |split| <= 32767 give 2 * 2^15 * 32767 + 2^14 < 2^31.
#include "arch/dsp/complex_dsp.h"
#include "kernels/signal_fft.h"

#define THB_QUARTER_FACTOR 8191u
#define THB_HALF_FACTOR 16383u

// thb_fft_combine; step in complex numbers.
THB_KERNEL void thb_rfft_combine_dsp(int16_t* z, int32_t step, uint32_t a, uint32_t b, uint32_t c,
                                     uint32_t d)
{
    const uint32_t s = thb_add_pair(a, c), t = thb_subtract_pair(a, c);
    const uint32_t v = thb_add_pair(b, d), u = thb_subtract_pair(b, d);
    thb_store_pair(z, thb_add_pair(s, v));
    thb_store_pair(z + 2 * step, thb_minus_j(t, u));
    thb_store_pair(z + 4 * step, thb_subtract_pair(s, v));
    thb_store_pair(z + 6 * step, thb_plus_j(t, u));
}

THB_KERNEL void thb_rfft_plain_dsp(int16_t* z, int32_t step)
{
    const uint32_t a = thb_scale_pair(thb_load_pair(z), THB_QUARTER_FACTOR);
    const uint32_t b = thb_scale_pair(thb_load_pair(z + 2 * step), THB_QUARTER_FACTOR);
    const uint32_t c = thb_scale_pair(thb_load_pair(z + 4 * step), THB_QUARTER_FACTOR);
    const uint32_t d = thb_scale_pair(thb_load_pair(z + 6 * step), THB_QUARTER_FACTOR);
    thb_rfft_combine_dsp(z, step, a, b, c, d);
}

THB_KERNEL void thb_rfft_rotated_dsp(int16_t* z, int32_t step, uint32_t w1, uint32_t w2,
                                     uint32_t w3)
{
    const uint32_t a = thb_scale_pair(thb_load_pair(z), THB_QUARTER_FACTOR);
    uint32_t b = thb_scale_pair(thb_load_pair(z + 2 * step), THB_QUARTER_FACTOR);
    uint32_t c = thb_scale_pair(thb_load_pair(z + 4 * step), THB_QUARTER_FACTOR);
    uint32_t d = thb_scale_pair(thb_load_pair(z + 6 * step), THB_QUARTER_FACTOR);
    b = thb_rotate_pair(b, w1);
    c = thb_rotate_pair(c, w2);
    d = thb_rotate_pair(d, w3);
    thb_rfft_combine_dsp(z, step, a, b, c, d);
}

THB_KERNEL uint32_t thb_rfft_sample_dsp(const int16_t* in, int32_t count, int32_t i)
{
    if (2 * i + 1 < count) return thb_load_pair(in + 2 * i);
    return 2 * i < count ? (uint16_t)in[2 * i] : 0;
}

// The first stage, from the samples to their places (thb_signal_rfft_first).
THB_KERNEL void thb_rfft_first_dsp(const int16_t* in, int32_t count, int16_t* out, int32_t half)
{
    const int32_t quarter = half / 4;
    int32_t i;
    for (i = 0; i < quarter; ++i) {
        const uint32_t a = thb_rfft_sample_dsp(in, count, i);
        const uint32_t b = thb_rfft_sample_dsp(in, count, i + quarter);
        const uint32_t c = thb_rfft_sample_dsp(in, count, i + 2 * quarter);
        const uint32_t d = thb_rfft_sample_dsp(in, count, i + 3 * quarter);
        thb_rfft_combine_dsp(
            out + 8 * thb_fft_place(i, quarter), 1, thb_scale_pair(a, THB_QUARTER_FACTOR),
            thb_scale_pair(b, THB_QUARTER_FACTOR), thb_scale_pair(c, THB_QUARTER_FACTOR),
            thb_scale_pair(d, THB_QUARTER_FACTOR));
    }
}

// All other stages. The factors of one k serve all the butterflies that share it.
THB_KERNEL void thb_rfft_stages_dsp(int16_t* data, const int16_t* twiddles, int32_t half)
{
    int32_t step, k;
    for (step = 4; step < half; step *= 4) {
        const int32_t stride = half / 4 / step;
        const int16_t* const end = data + 2 * half;
        int16_t* z;
        for (z = data; z < end; z += 8 * step) thb_rfft_plain_dsp(z, step);
        for (k = 1; k < step; ++k) {
            const uint32_t w1 = thb_load_pair(twiddles + 2 * k * stride);
            const uint32_t w2 = thb_load_pair(twiddles + 4 * k * stride);
            const uint32_t w3 = thb_load_pair(twiddles + 6 * k * stride);
            for (z = data + 2 * k; z < end; z += 8 * step)
                thb_rfft_rotated_dsp(z, step, w1, w2, w3);
        }
    }
}

// thb_signal_rfft_split.
THB_KERNEL void thb_rfft_split_dsp(int16_t* low, int16_t* high, uint32_t split)
{
    const uint32_t other = thb_load_pair(high);
    const uint32_t a = thb_scale_pair(thb_load_pair(low), THB_HALF_FACTOR);
    const uint32_t b =
        thb_scale_pair(thb_halves(other, thb_subtract_pair(0, other)), THB_HALF_FACTOR);
    const uint32_t f = thb_add_pair(a, b);
    const uint32_t w = thb_rotate_pair(thb_subtract_pair(a, b), split);
    thb_store_pair(low, thb_half_sum(f, w));
    thb_store_pair(high, thb_halves(thb_half_difference(f, w), thb_half_difference(w, f)));
}

THB_KERNEL void thb_signal_rfft_s16_dsp(const int16_t* in, const int16_t* twiddles,
                                        const int16_t* splits, int16_t* out, thb_index_t frames,
                                        thb_index_t count, thb_index_t fft_length)
{
    const int32_t half = fft_length / 2;
    int32_t f, i;
    for (f = 0; f < frames; ++f) {
        uint32_t z;
        thb_rfft_first_dsp(in, count, out, half);
        thb_rfft_stages_dsp(out, twiddles, half);
        z = thb_scale_pair(thb_load_pair(out), THB_HALF_FACTOR);
        thb_store_pair(out, (uint16_t)(z + (z >> 16)));
        thb_store_pair(out + 2 * half, (uint16_t)(z - (z >> 16)));
        for (i = 1; i <= half / 2; ++i)
            thb_rfft_split_dsp(out + 2 * i, out + 2 * (half - i),
                               thb_load_pair(splits + 2 * (i - 1)));
        in += count;
        out += 2 * (half + 1);
    }
}
