// Fully connected layers with scales that change from turn to turn. In front of the last kernel
// stands dense_accumulate.
#include "kernels/turn.h"

// What the sums start from where dense_accumulate adds sum_i (in[i] + 128) * weights[o][i]:
//   sums[o] = bias[o] - (128 + in_zero) * weight_sums[o]
//
// weight_sums  in flash: int16 [o], or int32 with `wide` 1; null with in_zero: dense_accumulate
//              takes the zero point itself
// bias         int32 [o] in flash or null
// in_zero      int8 in flash, of this turn
// Range: the compiler has proven that no sum leaves int32.
THB_KERNEL void thb_dense_start_turn_s8(const void* weight_sums, int wide, const int32_t* bias,
                                        int32_t* sums, thb_index_t out_count,
                                        const int8_t* in_zero)
{
    const int16_t offset = (int16_t)(in_zero ? 128 + THB_FLASH_S8(in_zero) : 0);
    thb_index_t o;
    for (o = 0; o < out_count; ++o) {
        int32_t weights = 0;
        if (weight_sums)
            weights = wide ? THB_FLASH_S32((const int32_t*)weight_sums + o)
                           : THB_FLASH_S16((const int16_t*)weight_sums + o);
        sums[o] = (bias ? THB_FLASH_S32(bias + o) : 0) - offset * weights;
    }
}

// in / out * 2^62, rounded down; at least 2^61, less than 2^63.
THB_KERNEL uint64_t thb_long_ratio(uint32_t in, uint32_t out)
{
    uint64_t quotient = in / out;
    uint32_t rest = in % out;
    uint8_t i;
    for (i = 0; i < 7; ++i) quotient = thb_quotient_bits(quotient, &rest, 0, out, 8);
    return thb_quotient_bits(quotient, &rest, 0, out, 6);
}

// The factor in * weight / out of one output, in double with one rounding to 31 bits more.
//
// ratio  thb_long_ratio of in and out. Its product with the mantissa of the weight's scale, here
//        with 63 bits, is the factor to 2^-53; only where that lies too near the middle of two
//        multipliers, twice in a million outputs, the long division decides.
THB_KERNEL thb_factor_t thb_channel_factor(uint64_t ratio, thb_scale_t in, thb_scale_t weight,
                                           thb_scale_t out)
{
    const int16_t exponent = (int16_t)(in.exponent + weight.exponent - out.exponent);
    const uint32_t mantissa = weight.mantissa << 8;
    const uint32_t ratio_high = (uint32_t)(ratio >> 32), ratio_low = (uint32_t)ratio;
    // The quotient of the mantissas times 2^38: one to three leading zeros.
    const uint64_t product = (uint64_t)mantissa * ratio_high +
                             (uint32_t)((uint64_t)mantissa * ratio_low >> 32);
    const uint32_t high = (uint32_t)(product >> 32), low = (uint32_t)product;
    const uint8_t zeros = thb_leading_zeros(high | 1);  // Never 32.
    const uint32_t rest = low << (zeros - 1);
    const uint32_t multiplier = ((high << (zeros - 1)) | (low >> 1 >> (32 - zeros))) + (rest >> 31);
    thb_factor_t factor;
    if (rest - UINT32_C(0x7FFFF000) <= UINT32_C(0x2000))
        return thb_factor((uint64_t)in.mantissa * weight.mantissa, out.mantissa, exponent,
                          THB_BITS_F64);
    factor.multiplier = (int32_t)(multiplier >> (multiplier >> 31));
    factor.shift = (int8_t)(exponent + 26 - zeros + (int16_t)(multiplier >> 31));
    return factor;
}

// out[o] = clamp(out_zero + multiply(sums[o])) with the factor in * weight[o] / out.
//
// weight_scales  float32 as bits, [o] in flash, or [1] with per_channel 0: then the reference
//                multiplies the scales of input and weights in float32
// down           key: see thb_scaled
// in_scale, out_scale float32 as bits in flash, out_zero int8 in flash, all of this turn
// Precondition: every factor is at least 2^-31 and less than 2^30.
THB_KERNEL void thb_dense_finish_turn_s8(const int32_t* sums, const uint32_t* weight_scales,
                                         int per_channel, int down, int8_t* out,
                                         thb_index_t out_count, const uint32_t* in_scale,
                                         const uint32_t* out_scale, const int8_t* out_zero)
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
        if (per_channel) factor = thb_channel_factor(ratio, si, thb_scale(weight_scales + o), so);
        out[o] = (int8_t)thb_limit_s8(thb_scaled(sums[o], factor, down) + zero);
    }
}
