// Fully connected layers with DSP instructions: same contract and bits as thb_dense_s8.
//
// weights  pairs of outputs, see dot_dsp.h; inputs and outputs are filled up with zero weights
// bias     int32 [o]: per pair (u, u + 256 * v), the starts of S and T, u and v the folded biases
// scales   int32 [o][3] or [3] (per_channel), see requantize_dsp.h
// scratch  int32: pairs of one row (dense) or of two rows (rows)
#include "arch/dsp/dot_dsp.h"
#include "arch/dsp/expand_dsp.h"
#include "arch/dsp/requantize_dsp.h"

// One row at a time, four outputs at once; bias and weights are filled up to four outputs.
// chunk  inputs that scratch has room for, a multiple of four unless it is in_count: fewer than
//        in_count save memory, and are expanded again for every four outputs
THB_KERNEL void thb_dense_s8_dsp(const int8_t* in, const uint32_t* weights, const int32_t* bias,
                                 const int32_t* scales, int per_channel, int form, int8_t* out,
                                 int32_t* scratch, thb_index_t rows, thb_index_t in_count,
                                 thb_index_t out_count, thb_index_t chunk, int in_chunks,
                                 int full_range, int16_t lowest, int16_t highest)
{
    const int32_t step = per_channel ? 3 : 0;
    for (; rows > 0; --rows) {
        const uint32_t* w = weights;
        const int32_t* start = bias;
        const int32_t* scale = scales;
        int32_t left, k;
        if (!in_chunks) thb_expand_row(in, in_count, scratch);
        for (left = out_count; left > 0; left -= 4) {
            int32_t sum[4];
            sum[0] = start[0];
            sum[1] = start[1];
            sum[2] = start[2];
            sum[3] = start[3];
            start += 4;
            for (k = 0; k < in_count; k += chunk) {
                const int32_t count = !in_chunks || in_count - k < chunk ? in_count - k : chunk;
                if (in_chunks) thb_expand_row(in + k, count, scratch);
                w = thb_dot_4x1(scratch, w, (count + 3) / 4, sum);
                if (!in_chunks) break;
            }
            THB_STORE_SCALED(*out++, sum[0] * 2, scale);
            if (left == 1) break;
            THB_STORE_SCALED(*out++, (sum[1] - sum[0]) >> 7, scale + step);
            if (left == 2) break;
            THB_STORE_SCALED(*out++, sum[2] * 2, scale + 2 * step);
            if (left == 3) break;
            THB_STORE_SCALED(*out++, (sum[3] - sum[2]) >> 7, scale + 3 * step);
            scale += 4 * step;
        }
        in += in_count;
    }
}

// All outputs of two expanded rows. The rows may be one and the same, then so may be the outputs.
THB_KERNEL void thb_two_rows_dsp(const int32_t* x, const uint32_t* weights, const int32_t* bias,
                                 const int32_t* scales, int per_channel, int form, int8_t* out0,
                                 int8_t* out1, int32_t groups, int32_t out_count, int full_range,
                                 int32_t lowest, int32_t highest)
{
    int32_t multiplier = scales[0], offset = scales[1], exponent = scales[2], o;
    for (o = 0; o < out_count; o += 2) {
        int32_t sum[4];
        sum[0] = bias[o];
        sum[1] = bias[o + 1];
        weights = thb_dot_2x2(x, weights, groups, sum);
        if (per_channel) {
            multiplier = scales[0];
            offset = scales[1];
            exponent = scales[2];
        }
        out0[o] = thb_scale_dsp(sum[0] * 2, multiplier, offset, exponent, form, full_range, lowest,
                                highest);
        out1[o] = thb_scale_dsp(sum[2] * 2, multiplier, offset, exponent, form, full_range, lowest,
                                highest);
        if (o + 1 == out_count) break;
        if (per_channel) {
            multiplier = scales[3];
            offset = scales[4];
            exponent = scales[5];
            scales += 6;
        }
        sum[1] = (sum[1] - sum[0]) >> 7;
        sum[3] = (sum[3] - sum[2]) >> 7;
        out0[o + 1] =
            thb_scale_dsp(sum[1], multiplier, offset, exponent, form, full_range, lowest, highest);
        out1[o + 1] =
            thb_scale_dsp(sum[3], multiplier, offset, exponent, form, full_range, lowest, highest);
    }
}

// Two rows at a time: for batches, and for convolutions whose filter is one pixel.
THB_KERNEL void thb_dense_rows_s8_dsp(const int8_t* in, const uint32_t* weights,
                                      const int32_t* bias, const int32_t* scales, int per_channel,
                                      int form, int8_t* out, int32_t* scratch, thb_index_t rows,
                                      thb_index_t in_count, thb_index_t out_count, int full_range,
                                      int16_t lowest, int16_t highest)
{
    const int32_t groups = (in_count + 3) / 4;
    for (; rows > 0; rows -= 2) {
        const int32_t next = rows > 1 ? 1 : 0;
        thb_expand_two_rows(in, in + next * in_count, in_count, scratch);
        thb_two_rows_dsp(scratch, weights, bias, scales, per_channel, form, out,
                         out + next * out_count, groups, out_count, full_range, lowest, highest);
        in += 2 * in_count;
        out += 2 * out_count;
    }
}
