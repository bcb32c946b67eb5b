// thb_signal_fft_auto_scale_s16, two samples at a time. Same contract and bits as
// kernels/signal_fft_auto_scale.h: frames with a -32768 go the slow way, where their order counts.
#include "arch/dsp/complex_dsp.h"
#include "kernels/signal_fft_auto_scale.h"

// Greater and lesser of a and b in each half: SEL takes a where a - b did not borrow.
THB_KERNEL uint32_t thb_greater_pair(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssub16 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
    return result;
}

THB_KERNEL uint32_t thb_lesser_pair(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssub16 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(a), "r"(b) : "cc");
    return result;
}

THB_KERNEL void thb_signal_fft_auto_scale_s16_dsp(const int16_t* in, int16_t* out, int32_t* scale,
                                                  thb_index_t count)
{
    uint32_t greatest = 0, least = 0;
    int32_t most, other, shift = 0, i;
    for (i = 0; i + 1 < count; i += 2) {
        const uint32_t pair = thb_load_pair(in + i);
        greatest = thb_greater_pair(pair, greatest);
        least = thb_lesser_pair(pair, least);
    }
    most = (int16_t)greatest > (int16_t)(greatest >> 16) ? (int16_t)greatest
                                                         : (int16_t)(greatest >> 16);
    other = (int16_t)least < (int16_t)(least >> 16) ? (int16_t)least : (int16_t)(least >> 16);
    if (i < count) {
        if (in[i] > most) most = in[i];
        if (in[i] < other) other = in[i];
    }
    if (other == INT32_C(-32768)) {
        thb_signal_fft_auto_scale_s16(in, out, scale, count);
        return;
    }
    if (-other > most) most = -other;
    if (most > 0) shift = thb_leading_zeros((uint32_t)most) - 17;
    for (i = 0; i + 1 < count; i += 2) {
        const uint32_t pair = thb_load_pair(in + i);
        thb_store_pair(out + i, thb_halves(pair << shift, (pair & 0xFFFF0000u) << shift));
    }
    if (i < count) out[i] = (int16_t)(uint16_t)((uint32_t)in[i] << shift);
    *scale = shift;
}
