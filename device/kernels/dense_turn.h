// Fully connected layers with scales that change from turn to turn. Between the two kernels stands
// dense_accumulate, which adds sum_i (in[i] + 128) * weights[o][i].
#include "kernels/turn.h"

// What the sums start from: sums[o] = bias[o] - (128 + in_zero) * weight_sums[o].
//
// weight_sums  in flash: int16 [o], or int32 with `wide` 1; bias int32 [o] in flash or null
// in_zero      int8 in flash, of this turn
// Range: the compiler has proven that no sum leaves int32.
THB_KERNEL void thb_dense_start_turn_s8(const void* weight_sums, int wide, const int32_t* bias,
                                        int32_t* sums, thb_index_t out_count,
                                        const int8_t* in_zero)
{
    const int16_t offset = (int16_t)(128 + THB_FLASH_S8(in_zero));
    thb_index_t o;
    for (o = 0; o < out_count; ++o) {
        const int32_t weights = wide ? THB_FLASH_S32((const int32_t*)weight_sums + o)
                                     : THB_FLASH_S16((const int16_t*)weight_sums + o);
        sums[o] = (bias ? THB_FLASH_S32(bias + o) : 0) - offset * weights;
    }
}

// in / out * 2^62, rounded down; at least 2^61, less than 2^63.
THB_SHARED uint64_t thb_long_ratio(uint32_t in, uint32_t out)
{
    uint64_t quotient = 0;
    uint8_t i;
    for (i = 0; i < 63; ++i) {
        quotient <<= 1;
        if (in >= out) {
            in -= out;
            quotient |= 1;
        }
        in <<= 1;
    }
    return quotient;
}

// The factor in * weight / out of one output, in double with one rounding to 31 bits more.
//
// ratio  thb_long_ratio of in and out. Its product with the mantissa of the weight's scale is the
//        factor to 2^-52; only where that lies too near the middle of two multipliers, once in a
//        million outputs, the long division decides.
THB_KERNEL thb_factor_t thb_channel_factor(uint64_t ratio, thb_scale_t in, thb_scale_t weight,
                                           thb_scale_t out)
{
    const int16_t exponent = (int16_t)(in.exponent + weight.exponent - out.exponent);
    const uint64_t product = (uint64_t)weight.mantissa * (uint32_t)(ratio >> 32) +
                             ((uint64_t)weight.mantissa * (uint32_t)ratio >> 32);
    // 53 to 55 bits; product * 2^-30 is the quotient of the mantissas.
    const uint8_t drop = (uint8_t)(22 + (product >> 53 != 0) + (product >> 54 != 0));
    const uint32_t half = UINT32_C(1) << (drop - 1);
    const uint32_t rest = (uint32_t)product & (2 * half - 1);
    const int16_t shift = (int16_t)(exponent + drop + 1);
    uint32_t multiplier = (uint32_t)(product >> drop);
    thb_factor_t factor;
    if (rest + 8 >= half && rest <= half + 8)
        return thb_factor((uint64_t)in.mantissa * weight.mantissa, out.mantissa, exponent,
                          THB_BITS_F64);
    if (rest >= half) ++multiplier;
    factor.multiplier = (int32_t)(multiplier >> (multiplier >> 31));
    factor.shift = (int8_t)(shift + (int16_t)(multiplier >> 31));
    return factor;
}

// out[o] = clamp(out_zero + multiply(sums[o])) with the factor in * weight[o] / out.
//
// weight_scales  float32 as bits, [o] in flash, or [1] with per_channel 0: then the reference
//                multiplies the scales of input and weights in float32
// in_scale, out_scale float32 as bits in flash, out_zero int8 in flash, all of this turn
// Precondition: every factor is at least 2^-31 and less than 2^30.
THB_KERNEL void thb_dense_finish_turn_s8(const int32_t* sums, const uint32_t* weight_scales,
                                         int per_channel, int8_t* out, thb_index_t out_count,
                                         const uint32_t* in_scale, const uint32_t* out_scale,
                                         const int8_t* out_zero)
{
    const thb_scale_t si = thb_scale(in_scale), so = thb_scale(out_scale);
    const int8_t zero = THB_FLASH_S8(out_zero);
    uint64_t ratio = 0;
    thb_factor_t factor = {0, 0};
    thb_index_t o;
    if (per_channel) {
        ratio = thb_long_ratio(si.mantissa, so.mantissa);
    } else {
        const thb_scale_t sw = thb_scale(weight_scales);
        factor = thb_factor(thb_scale_product(si, sw, 1), so.mantissa,
                            (int16_t)(si.exponent + sw.exponent - so.exponent), THB_BITS_F64);
    }
    for (o = 0; o < out_count; ++o) {
        int32_t scaled;
        if (per_channel) factor = thb_channel_factor(ratio, si, thb_scale(weight_scales + o), so);
        scaled = thb_multiply(sums[o], factor.multiplier, factor.shift);
        out[o] = (int8_t)thb_clamp(scaled + zero, -128, 127);
    }
}
