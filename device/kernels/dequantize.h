// From stored integers to float32.
#include "kernels/element.h"
#include "kernels/float_weights.h"

// out[i] = scale * (in[i] - zero_point), `type` a key of element.h.
//
// The difference is exact in float up to 2^24: all types but int32, whose zero point is 0 and whose
// values round once on conversion, as scale * value would in double within the float tolerance.
THB_KERNEL void thb_dequantize_int(const void* in, int in_flash, int type, float* out,
                                   thb_index_t count, float scale, int32_t zero_point)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint32_t steps = (uint32_t)thb_load_int(in, i, type, in_flash) - (uint32_t)zero_point;
        out[i] = (float)(int32_t)steps * scale;
    }
}

// float16 bits to float32, infinities and NaN included.
THB_KERNEL void thb_dequantize_f16(const uint16_t* in, int in_flash, float* out, thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint16_t half = THB_LOAD_U16(in + i, in_flash);
        const float value = thb_half_to_float(half);
        if ((half & 0x7C00u) != 0x7C00u) {
            out[i] = value;
        } else {
            out[i] = (half & 0x3FFu) ? THB_NAN : (half & 0x8000u) ? -THB_INFINITY : THB_INFINITY;
        }
    }
}
