// Dot products of stored activations with constant weights.
//
// `format` is the weights' THB_WEIGHTS_S8, THB_WEIGHTS_S4 (float_weights.h) or
// THB_WEIGHTS_S8_OFFSET, `at` the index of the first weight; both are counted in elements.
#include "kernels/float_weights.h"
#include "kernels/window.h"

#define THB_WEIGHTS_S8_OFFSET 4  // int8, the weight is q - zero_point

THB_KERNEL int16_t thb_int_weight(const void* weights, size_t at, int format, int16_t zero_point)
{
    if (format == THB_WEIGHTS_S4) return thb_nibble((const uint8_t*)weights, at);
    if (format == THB_WEIGHTS_S8_OFFSET)
        return (int16_t)(THB_FLASH_S8((const int8_t*)weights + at) - zero_point);
    return THB_FLASH_S8((const int8_t*)weights + at);
}

// acc + sum_i in[i] * weight[at + i]
THB_KERNEL int32_t thb_dot_s8(int32_t acc, const int8_t* in, const void* weights, size_t at,
                              int format, int16_t zero_point, thb_index_t count)
{
    thb_index_t i;
    if (format == THB_WEIGHTS_S8) {
        const int8_t* weight = (const int8_t*)weights + at;
        for (i = 0; i < count; ++i) {
            acc += in[i] * THB_FLASH_S8(weight);  // At most 16,384: fits an int of 16 bits.
            ++weight;
        }
    } else {
        for (i = 0; i < count; ++i) {
            acc += in[i] * thb_int_weight(weights, at, format, zero_point);  // At most 128 * 255.
            ++at;
        }
    }
    return acc;
}

// The same for 16-bit activations. `wide` 0: the compiler has proven that the sum over the whole
// filter fits int32; 1: it needs 64 bits.
THB_KERNEL int64_t thb_dot_s16(int64_t acc, const int16_t* in, const void* weights, size_t at,
                               int format, int16_t zero_point, thb_index_t count, int wide)
{
    thb_index_t i;
    if (wide) {
        for (i = 0; i < count; ++i) {
            acc += (int32_t)in[i] * thb_int_weight(weights, at, format, zero_point);
            ++at;
        }
    } else {
        int32_t sum = 0;
        for (i = 0; i < count; ++i) {
            sum += (int32_t)in[i] * thb_int_weight(weights, at, format, zero_point);
            ++at;
        }
        acc += sum;
    }
    return acc;
}

// Float activations; the products are added in index order, as the reference does.
THB_KERNEL float thb_dot_f32(float acc, const float* in, const void* weights, size_t at, int format,
                             int flash, thb_index_t count)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        acc += in[i] * thb_float_weight(weights, at, format, flash);
        ++at;
    }
    return acc;
}

// sum of `count` weights from `at` on
THB_KERNEL int32_t thb_weight_sum(const void* weights, size_t at, int format, int16_t zero_point,
                                  thb_index_t count)
{
    int32_t sum = 0;
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        sum += thb_int_weight(weights, at, format, zero_point);
        ++at;
    }
    return sum;
}

// Sum of the weights of one filter ([filter_h][filter_w][channels] from `at` on) that fall on
// padding.
THB_KERNEL int32_t thb_skipped_weights(const void* weights, size_t at, int format,
                                       int16_t zero_point, const thb_window_t* window,
                                       thb_taps_t taps, thb_index_t channels)
{
    const thb_index_t row = (thb_index_t)(window->filter_w * channels);
    int32_t sum = 0;
    thb_index_t y;
    for (y = 0; y < window->filter_h; ++y) {
        if (y < taps.y_first || y >= taps.y_end) {
            sum += thb_weight_sum(weights, at, format, zero_point, row);
        } else {
            const thb_index_t left = (thb_index_t)(taps.x_first * channels);
            const thb_index_t right = (thb_index_t)(taps.x_end * channels);
            sum += thb_weight_sum(weights, at, format, zero_point, left);
            sum += thb_weight_sum(weights, at + (size_t)right, format, zero_point,
                                  (thb_index_t)(row - right));
        }
        at += (size_t)row;
    }
    return sum;
}

// One entry of a bias table; `wide` 1: int64, 0: int32.
THB_KERNEL int64_t thb_bias(const void* bias, thb_index_t at, int wide)
{
    if (wide) return THB_FLASH_S64((const int64_t*)bias + at);
    return THB_FLASH_S32((const int32_t*)bias + at);
}
