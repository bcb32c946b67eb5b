// Dense layer factored in two, with a memory of the last `memory` steps per filter (SVDF;
// source: Nakkiran et al. 2015 and docs/numerics.md, "SVDF").
//
// The state is aged in place: every element moves down by one, then the newest of each filter is
// written. Zero points are folded into the two biases on the host. `rank` filters make one unit.
#include "kernels/float_weights.h"
#include "kernels/requantize.h"

THB_KERNEL int32_t thb_svdf_get(const void* values, thb_index_t at, int wide)
{
    return wide ? (int32_t)((const int16_t*)values)[at] : (int32_t)((const int8_t*)values)[at];
}

THB_KERNEL int32_t thb_svdf_weight(const void* weights, thb_index_t at, int wide)
{
    return wide ? (int32_t)THB_FLASH_S16((const int16_t*)weights + at)
                : (int32_t)THB_FLASH_S8((const int8_t*)weights + at);
}

// int8 activations and feature weights; state and time weights int8, or int16 with wide = 1:
//   state[n][f][memory - 1] =
//       state_zero_point + clamp(multiply(feature_bias[f] + sum_i in[n][i] * feature[f][i]))
//   out[n][u] = clamp(out_zero_point +
//                     multiply(time_bias[u] + sum_rj state[n][f][j] * time[f][j])), f = u*rank + r
//
// feature  int8 [u*rank][i], feature_bias int32 [u*rank], time [u*rank][memory],
//          time_bias int32 [u]: all in flash
// state    [n][u*rank][memory], oldest first
// Range: sums wrap modulo 2^32 as the reference's do in practice.
THB_KERNEL void thb_svdf_s8(const int8_t* in, const int8_t* feature, const int32_t* feature_bias,
                            const void* time, const int32_t* time_bias, void* state, int wide,
                            int8_t* out, thb_index_t batches, thb_index_t in_count,
                            thb_index_t units, int rank, thb_index_t memory,
                            int32_t feature_multiplier, int8_t feature_shift,
                            int16_t state_zero_point, int32_t time_multiplier, int8_t time_shift,
                            int16_t out_zero_point)
{
    const thb_index_t filters = (thb_index_t)(units * rank);
    const thb_index_t size = wide ? 2 : 1;
    const int32_t highest = wide ? INT32_C(32767) : INT32_C(127);
    thb_index_t n, f, i, u;
    thb_index_t at = (thb_index_t)(memory - 1);
    memmove(state, (const char*)state + size,
            (size_t)((thb_index_t)(batches * filters * memory) - 1) * (size_t)size);
    for (n = 0; n < batches; ++n) {
        const int8_t* row = feature;
        for (f = 0; f < filters; ++f) {
            uint32_t acc = (uint32_t)THB_FLASH_S32(feature_bias + f);
            int32_t value;
            for (i = 0; i < in_count; ++i) {
                // At most 16,384: fits an int of 16 bits.
                const int32_t product = in[i] * THB_FLASH_S8(row);
                acc += (uint32_t)product;
                ++row;
            }
            value = thb_clamp(thb_multiply((int32_t)acc, feature_multiplier, feature_shift),
                              -highest - 1, highest) +
                    state_zero_point;
            if (wide) {
                ((int16_t*)state)[at] = (int16_t)value;
            } else {
                ((int8_t*)state)[at] = (int8_t)value;
            }
            at = (thb_index_t)(at + memory);
        }
        in += in_count;
    }
    at = 0;
    for (n = 0; n < batches; ++n) {
        thb_index_t weight = 0;
        for (u = 0; u < units; ++u) {
            uint32_t acc = (uint32_t)THB_FLASH_S32(time_bias + u);
            for (i = 0; i < (thb_index_t)(memory * rank); ++i) {
                acc += (uint32_t)(thb_svdf_get(state, at, wide) *
                                  thb_svdf_weight(time, weight, wide));
                ++at;
                ++weight;
            }
            *out++ = (int8_t)thb_clamp(thb_multiply((int32_t)acc, time_multiplier, time_shift) +
                                           out_zero_point,
                                       -128, 127);
        }
    }
}

// float32 activations and state; weights as in float_weights.h, always in flash:
//   state[n][f][memory - 1] = scale[f] * sum_i in[n][i] * feature[f][i]
//   out[n][u] = clamp(bias[u] + sum_r scale[f] * sum_j state[n][f][j] * time[f][j]), f = u*rank + r
THB_KERNEL void thb_svdf_f32(const float* in, const void* feature, int feature_format,
                             const float* feature_scales, int feature_per_channel, const void* time,
                             int time_format, const float* time_scales, int time_per_channel,
                             const float* bias, int bias_flash, float* state, float* out,
                             thb_index_t batches, thb_index_t in_count, thb_index_t units, int rank,
                             thb_index_t memory, float lowest, float highest)
{
    const thb_index_t filters = (thb_index_t)(units * rank);
    thb_index_t n, f, i, u;
    float* newest = state + (memory - 1);
    const float* remembered = state;
    memmove(state, state + 1,
            (size_t)((thb_index_t)(batches * filters * memory) - 1) * sizeof(float));
    for (n = 0; n < batches; ++n) {
        size_t at = 0;
        for (f = 0; f < filters; ++f) {
            float acc = 0.0f;
            for (i = 0; i < in_count; ++i)
                acc += thb_float_weight(feature, at++, feature_format, 1) * in[i];
            if (THB_WEIGHTS_SCALED(feature_format))
                acc *= THB_FLASH_F32(feature_scales + (feature_per_channel ? f : 0));
            *newest = acc;
            newest += memory;
        }
        in += in_count;
    }
    for (n = 0; n < batches; ++n) {
        size_t at = 0;
        f = 0;
        for (u = 0; u < units; ++u) {
            float acc = bias ? THB_LOAD_F32(bias + u, bias_flash) : 0.0f;
            int r;
            for (r = 0; r < rank; ++r) {
                float sum = 0.0f;
                for (i = 0; i < memory; ++i)
                    sum += *remembered++ * thb_float_weight(time, at++, time_format, 1);
                if (THB_WEIGHTS_SCALED(time_format))
                    sum *= THB_FLASH_F32(time_scales + (time_per_channel ? f : 0));
                acc += sum;
                ++f;
            }
            *out++ = acc < lowest ? lowest : acc > highest ? highest : acc;
        }
    }
}
