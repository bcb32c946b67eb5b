// Fully connected layers for RV32IM: same contract and bits as thb_dense_s8.
//
// weights  int8 [o / 8][k][8]; of the last outputs, when they are four or fewer, [k][4]
// bias     int32 [o], filled up to what the blocks read
#include "arch/rv32/dot_rv32.h"
#include "kernels/requantize.h"

// Scales and stores up to eight sums. down  key: see thb_multiply_down
THB_KERNEL void thb_store_rv32(const int32_t* sum, int32_t count, const int32_t* multipliers,
                               const int8_t* shifts, int per_channel, int down, int8_t* out,
                               int32_t out_zero_point, int32_t lowest, int32_t highest)
{
    int32_t i;
    for (i = 0; i < count; ++i) {
        const int32_t at = per_channel ? i : 0;
        const int32_t scaled =
            down ? thb_multiply_down(sum[i], multipliers[at], (int8_t)(-shifts[at] - 1))
                 : thb_multiply(sum[i], multipliers[at], shifts[at]);
        out[i] = (int8_t)thb_clamp(scaled + out_zero_point, lowest, highest);
    }
}

// All outputs of one row of inputs.
THB_KERNEL void thb_outputs_rv32(const int8_t* in, const int8_t* weights, const int32_t* bias,
                                 const int32_t* multipliers, const int8_t* shifts, int per_channel,
                                 int down, int8_t* out, int32_t k_count, int32_t out_count,
                                 int32_t out_zero_point, int32_t lowest, int32_t highest)
{
    while (out_count > 0) {
        const int32_t width = out_count > 4 ? 8 : 4;
        int32_t sum[8];
        if (width == 8) thb_dot_8_rv32(in, weights, k_count, bias, sum);
        else thb_dot_4_rv32(in, weights, k_count, bias, sum, 0);
        thb_store_rv32(sum, out_count < width ? out_count : width, multipliers, shifts,
                       per_channel, down, out, out_zero_point, lowest, highest);
        weights += width * k_count;
        bias += width;
        out += width;
        if (per_channel) {
            multipliers += width;
            shifts += width;
        }
        out_count -= width;
    }
}

THB_KERNEL void thb_dense_s8_rv32(const int8_t* in, const int8_t* weights, const int32_t* bias,
                                  const int32_t* multipliers, const int8_t* shifts,
                                  int per_channel, int down, int8_t* out, thb_index_t rows,
                                  thb_index_t in_count, thb_index_t out_count,
                                  int16_t out_zero_point, int16_t lowest, int16_t highest)
{
    for (; rows > 0; --rows) {
        thb_outputs_rv32(in, weights, bias, multipliers, shifts, per_channel, down, out, in_count,
                         out_count, out_zero_point, lowest, highest);
        in += in_count;
        out += out_count;
    }
}
