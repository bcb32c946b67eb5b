// Normalised exponentials of rows (docs/numerics.md, "Softmax"). All may be in place.
#include <math.h>

#include "kernels/element.h"
#include "kernels/fixed_point.h"

// int8 to int8 or int16 (`wide` 1):
//   out[i] = round(e[max - in[i]] / sum of e) in steps of 2^-8 (2^-16), less 128 (32768)
//
// exps   int32  [exp_count]             e^-(d * scale), 31 fraction bits, for differences d from 0
// tails  uint16 [tail_end - exp_count]  the same with 19 fraction bits for the larger differences:
//        too small to give an output other than the least one, large enough to count in the sum
// Both in flash. Still larger differences count nothing.
// Range: up to 8,191 equal elements a row sum without overflow.
THB_KERNEL void thb_softmax_s8(const int8_t* in, const int32_t* exps, int16_t exp_count,
                               const uint16_t* tails, int16_t tail_end, void* out, int wide,
                               thb_index_t rows, thb_index_t count)
{
    thb_index_t n, i;
    for (n = 0; n < rows; ++n) {
        int16_t highest = -128;
        uint32_t sum = 0;
        int32_t reciprocal;
        uint8_t excess;
        for (i = 0; i < count; ++i)
            if (in[i] > highest) highest = in[i];
        for (i = 0; i < count; ++i) {
            const int16_t difference = (int16_t)(highest - in[i]);
            if (difference < exp_count) {
                // Half up, which is half away from zero for what is positive.
                sum += (((uint32_t)THB_FLASH_S32(exps + difference) >> 11) + 1u) >> 1;
            } else if (difference < tail_end) {
                sum += THB_FLASH_U16(tails + (difference - exp_count));
            }
        }
        reciprocal = thb_reciprocal(sum);
        excess = (uint8_t)(12 - thb_leading_zeros(sum));
        for (i = 0; i < count; ++i) {
            const int16_t difference = (int16_t)(highest - in[i]);
            uint32_t share = 0;
            if (difference < exp_count) {
                share = (uint32_t)thb_high_mul(THB_FLASH_S32(exps + difference), reciprocal);
                // The shift is 23 (15) + excess with rounding; 16 (8) of it are whole bytes.
                if (wide) {
                    share = ((share >> (14 + excess)) + 1u) >> 1;
                } else {
                    const uint16_t high = (uint16_t)(share >> 16);
                    share = (uint16_t)((excess > 9 ? 0u : (uint16_t)(high >> (6 + excess))) + 1u) >>
                            1;
                }
            }
            if (wide) {
                ((int16_t*)out)[i] = (int16_t)((share > 65535u ? 65535u : share) ^ 0x8000u);
            } else {
                ((int8_t*)out)[i] = (int8_t)(uint8_t)((share > 255u ? 255u : share) ^ 0x80u);
            }
        }
        in += count;
        out = wide ? (void*)((int16_t*)out + count) : (void*)((int8_t*)out + count);
    }
}

// Linear interpolation in a table of 513 values over the int16 range.
THB_KERNEL int32_t thb_softmax_look(const int16_t* table, int16_t value)
{
    const int16_t index = (int16_t)(256 + (value >> 7));
    const int16_t base = THB_FLASH_S16(table + index);
    const int32_t slope = (int32_t)THB_FLASH_S16(table + index + 1) - base;
    return base + ((slope * (value & 127) + 64) >> 7);
}

THB_KERNEL int32_t thb_softmax_exp_s16(int16_t value, int16_t highest, const int16_t* exps,
                                       int32_t multiplier, int8_t shift)
{
    const int32_t scaled = thb_multiply((int32_t)value - highest, multiplier, shift) + 32767;
    return thb_softmax_look(exps, (int16_t)thb_clamp(scaled, -32768, 32767));
}

// int16 to int16 with 15 fraction bits:
//   out[i] = exp(in[i] - max) * (1 / sum of exp), both functions by tables
//
// exps               int16 [513] in flash: e^x over [-10, 0]
// reciprocals        int16 [513] in flash: 1 / (1 + x) over [0, 1]
// multiplier, shift  from input steps to steps of 10 / 65535
THB_KERNEL void thb_softmax_s16(const int16_t* in, const int16_t* exps, const int16_t* reciprocals,
                                int16_t* out, thb_index_t rows, thb_index_t count,
                                int32_t multiplier, int8_t shift)
{
    thb_index_t n, i;
    for (n = 0; n < rows; ++n) {
        int16_t highest = -32767 - 1;
        int32_t sum = 0;
        int32_t reciprocal, offset;
        int8_t right;
        for (i = 0; i < count; ++i)
            if (in[i] > highest) highest = in[i];
        for (i = 0; i < count; ++i)
            sum += thb_softmax_exp_s16(in[i], highest, exps, multiplier, shift);
        right = (int8_t)(31 - thb_leading_zeros((uint32_t)sum));
        // The sum is 2^right * (1 + x); x in steps of 1 / 65535 from -32768 on.
        offset = (int32_t)((((uint32_t)sum << (30 - right)) + (UINT32_C(1) << 13)) >> 14) -
                 INT32_C(98304);
        reciprocal = thb_softmax_look(reciprocals, (int16_t)thb_clamp(offset, -32768, 32767));
        for (i = 0; i < count; ++i) {
            const int32_t product = thb_softmax_exp_s16(in[i], highest, exps, multiplier, shift) *
                                    reciprocal;
            out[i] = (int16_t)thb_clamp((product + (INT32_C(1) << (right - 1))) >> right, 0, 32767);
        }
        in += count;
        out += count;
    }
}

// float32: out[i] = exp((in[i] - max) * beta) / sum of those
THB_KERNEL void thb_softmax_f32(const float* in, float* out, thb_index_t rows, thb_index_t count,
                                float beta)
{
    thb_index_t n, i;
    for (n = 0; n < rows; ++n) {
        float highest = in[0];
        float sum = 0.0f;
        for (i = 1; i < count; ++i)
            if (in[i] > highest) highest = in[i];
        for (i = 0; i < count; ++i) {
            out[i] = expf((in[i] - highest) * beta);
            sum += out[i];
        }
        for (i = 0; i < count; ++i) out[i] = out[i] / sum;
        in += count;
        out += count;
    }
}
