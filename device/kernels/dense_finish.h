// The end of a dense layer over a sequence: its running sums become outputs.
#include "kernels/requantize.h"

// out[o] = clamp(out_zero_point + multiply(sums[o]))
//
// sums         int32 [o]        out may start at the same byte
// multipliers  int32 [o] or [1], shifts int8 likewise, in flash; per_channel 1 or 0 says which
// out          int8  [o]
THB_KERNEL void thb_dense_finish_s8(const int32_t* sums, const int32_t* multipliers,
                                    const int8_t* shifts, int per_channel, int8_t* out,
                                    thb_index_t count, int16_t out_zero_point, int16_t lowest,
                                    int16_t highest)
{
    thb_index_t o;
    for (o = 0; o < count; ++o) {
        const thb_index_t channel = per_channel ? o : 0;
        const int32_t scaled = thb_multiply(sums[o], THB_FLASH_S32(multipliers + channel),
                                            THB_FLASH_S8(shifts + channel));
        out[o] = (int8_t)thb_clamp(scaled + out_zero_point, lowest, highest);
    }
}

// out[o] = sums[o] within [lowest, highest]; may be the same memory.
THB_KERNEL void thb_dense_finish_f32(const float* sums, float* out, thb_index_t count, float lowest,
                                     float highest)
{
    thb_index_t o;
    for (o = 0; o < count; ++o)
        out[o] = sums[o] < lowest ? lowest : sums[o] > highest ? highest : sums[o];
}
