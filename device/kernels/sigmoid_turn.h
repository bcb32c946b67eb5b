// Logistic and hyperbolic tangent of int8 with scales that change from turn to turn.
#include "kernels/turn.h"

// One turn of a binary search: moves on behind `half` thresholds that x has reached.
#define THB_SIGMOID_TURN_HALF(half) \
    if (x >= THB_FLASH_S32(at + (half) - 1)) at += (half);

// The reference's fixed-point functions rise, and are odd about 0 (of the logistic function: about
// 1/2), so they are known by the 128 arguments at which their result, in steps of the output, gets
// larger by one:
//   y(x) = number of thresholds <= |x|, with the sign of x, at most 127
//
// x           multiply(in - in_zero) with 27 fraction bits, beyond 15 as reference: saturated
// thresholds  int32 [128] in flash, 27 fraction bits, rising; in_scale, in_zero of this turn
// The logistic function's output has zero point -128 and y counts from its middle: out = y in both.
// May be in place.
THB_KERNEL void thb_sigmoid_turn_s8(const int8_t* in, int in_flash, const int32_t* thresholds,
                                    int8_t* out, thb_index_t count, const uint32_t* in_scale,
                                    const int8_t* in_zero)
{
    const thb_scale_t scale = thb_scale(in_scale);
    const thb_factor_t factor = {
        (int32_t)(scale.mantissa << 7),
        (int8_t)(scale.exponent + 51 < -31 ? -31 : scale.exponent + 51)};
    // Steps from which on the argument reaches 15, the end of its integer bits.
    const int32_t reach = factor.shift <= 0 ? INT32_MAX : (INT32_C(15) << 27) >> factor.shift;
    const int8_t zero = THB_FLASH_S8(in_zero);
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const int16_t steps = (int16_t)(THB_LOAD_S8(in + i, in_flash) - zero);
        const int16_t magnitude = (int16_t)(steps < 0 ? -steps : steps);
        thb_index_t y = 128;
        if (magnitude < reach) {
            const int32_t x = thb_multiply(magnitude, factor.multiplier, factor.shift);
            const int32_t* at = thresholds;
            THB_SIGMOID_TURN_HALF(64)
            THB_SIGMOID_TURN_HALF(32)
            THB_SIGMOID_TURN_HALF(16)
            THB_SIGMOID_TURN_HALF(8)
            THB_SIGMOID_TURN_HALF(4)
            THB_SIGMOID_TURN_HALF(2)
            THB_SIGMOID_TURN_HALF(1)
            THB_SIGMOID_TURN_HALF(1)  // The last of all 128.
            y = (thb_index_t)(at - thresholds);
        }
        if (steps < 0) y = (thb_index_t)-y;
        out[i] = (int8_t)(y > 127 ? 127 : y);
    }
}
