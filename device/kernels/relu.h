// Rectifiers of float32 numbers; the quantized ones are a lookup (int8) or a quantize kernel
// (int16).
#include "port/thb_port.h"

// out[i] = max(in[i], lowest), and at most `highest` with `bounded` 1; may be in place.
THB_KERNEL void thb_relu_f32(const float* in, int in_flash, float* out, int bounded,
                             thb_index_t count, float lowest, float highest)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const float x = THB_LOAD_F32(in + i, in_flash);
        out[i] = x < lowest ? lowest : bounded && x > highest ? highest : x;
    }
}
