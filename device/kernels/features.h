// Statistics of a window, channel by channel: in [rows][channels] to out [channels][count].
//
// The formulas stand in docs/numerics.md, "Features".
#include "kernels/element.h"

#include <math.h>

#define THB_FEATURE_MEAN 0
#define THB_FEATURE_STD 1
#define THB_FEATURE_MIN 2
#define THB_FEATURE_MAX 3
#define THB_FEATURE_RMS 4
#define THB_FEATURE_ZERO_CROSSINGS 5
#define THB_FEATURE_MEAN_ABS_DIFFERENCE 6
#define THB_FEATURE_ENERGY 7

// Whether the features of the bit set `wanted` hold this one.
#define THB_HAS_FEATURE(wanted, feature) (((wanted) >> (feature)) & 1)

// The greatest r with r * r <= square, bit by bit.
THB_KERNEL int32_t thb_root_u32(uint32_t square)
{
    uint32_t root = 0;
    uint32_t bit = UINT32_C(1) << 30;
    while (bit > square) bit >>= 2;
    for (; bit != 0; bit >>= 2) {
        if (square >= root + bit) {
            square -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (int32_t)root;
}

// Integers of type key `in_type` (THB_S8, THB_S16) to int32.
//
// wanted  bit set of the features that occur in `list`: nothing else is computed
// list    uint8 [count], in flash: which feature is which output
// Range:  rows <= 32767, so that rows * sum of squares < 2^61.
THB_KERNEL void thb_features_int(const void* in, int in_flash, int in_type, int32_t* out,
                                 thb_index_t rows, thb_index_t channels, int wanted,
                                 const uint8_t* list, uint8_t count)
{
    thb_index_t c, t;
    for (c = 0; c < channels; ++c) {
        int32_t sum = 0, least = 0, most = 0, before = 0;
        uint32_t differences = 0;
        uint64_t squares = 0;
        int16_t crossings = 0;
        thb_index_t at = c;
        uint8_t f;
        for (t = 0; t < rows; ++t) {
            const int32_t x = thb_load_int(in, at, in_type, in_flash);
            sum += x;
            if (THB_HAS_FEATURE(wanted, THB_FEATURE_STD) ||
                THB_HAS_FEATURE(wanted, THB_FEATURE_RMS) ||
                THB_HAS_FEATURE(wanted, THB_FEATURE_ENERGY))
                squares += (uint32_t)(x * x);
            if (t == 0 || x < least) least = x;
            if (t == 0 || x > most) most = x;
            if (t > 0) {
                crossings = (int16_t)(crossings + ((before < 0) != (x < 0)));
                if (THB_HAS_FEATURE(wanted, THB_FEATURE_MEAN_ABS_DIFFERENCE))
                    differences += (uint32_t)(x < before ? before - x : x - before);
            }
            before = x;
            at = (thb_index_t)(at + channels);
        }
        for (f = 0; f < count; ++f) {
            const uint8_t feature = THB_FLASH_U8(list + f);
            int32_t value = 0;
            if (feature == THB_FEATURE_MEAN) value = sum / rows;
            if (THB_HAS_FEATURE(wanted, THB_FEATURE_STD) && feature == THB_FEATURE_STD)
                value = thb_root_u32((uint32_t)(((uint64_t)rows * squares -
                                                 (uint64_t)((int64_t)sum * sum)) /
                                                ((uint64_t)rows * (uint64_t)rows)));
            if (feature == THB_FEATURE_MIN) value = least;
            if (feature == THB_FEATURE_MAX) value = most;
            if (THB_HAS_FEATURE(wanted, THB_FEATURE_RMS) && feature == THB_FEATURE_RMS)
                value = thb_root_u32((uint32_t)(squares / (uint64_t)rows));
            if (feature == THB_FEATURE_ZERO_CROSSINGS) value = crossings;
            if (THB_HAS_FEATURE(wanted, THB_FEATURE_MEAN_ABS_DIFFERENCE) &&
                feature == THB_FEATURE_MEAN_ABS_DIFFERENCE && rows > 1)
                value = (int32_t)(differences / (uint32_t)(rows - 1));
            if (THB_HAS_FEATURE(wanted, THB_FEATURE_ENERGY) && feature == THB_FEATURE_ENERGY)
                value = (int32_t)(squares / (uint64_t)rows);
            *out++ = value;
        }
    }
}

// The same for float32; the deviation is summed in a second pass.
THB_KERNEL void thb_features_f32(const float* in, int in_flash, float* out, thb_index_t rows,
                                 thb_index_t channels, int wanted, const uint8_t* list,
                                 uint8_t count)
{
    const float n = (float)rows;
    thb_index_t c, t;
    for (c = 0; c < channels; ++c) {
        float sum = 0.0f, squares = 0.0f, differences = 0.0f, deviations = 0.0f;
        float least = 0.0f, most = 0.0f, before = 0.0f, mean;
        int16_t crossings = 0;
        thb_index_t at = c;
        uint8_t f;
        for (t = 0; t < rows; ++t) {
            const float x = THB_LOAD_F32(in + at, in_flash);
            sum += x;
            squares += x * x;
            if (t == 0 || x < least) least = x;
            if (t == 0 || x > most) most = x;
            if (t > 0) {
                crossings = (int16_t)(crossings + ((before < 0.0f) != (x < 0.0f)));
                differences += x < before ? before - x : x - before;
            }
            before = x;
            at = (thb_index_t)(at + channels);
        }
        mean = sum / n;
        at = c;
        for (t = 0; THB_HAS_FEATURE(wanted, THB_FEATURE_STD) && t < rows; ++t) {
            const float off = THB_LOAD_F32(in + at, in_flash) - mean;
            deviations += off * off;
            at = (thb_index_t)(at + channels);
        }
        for (f = 0; f < count; ++f) {
            const uint8_t feature = THB_FLASH_U8(list + f);
            float value = 0.0f;
            if (feature == THB_FEATURE_MEAN) value = mean;
            if (feature == THB_FEATURE_STD) value = sqrtf(deviations / n);
            if (feature == THB_FEATURE_MIN) value = least;
            if (feature == THB_FEATURE_MAX) value = most;
            if (feature == THB_FEATURE_RMS) value = sqrtf(squares / n);
            if (feature == THB_FEATURE_ZERO_CROSSINGS) value = (float)crossings;
            if (feature == THB_FEATURE_MEAN_ABS_DIFFERENCE && rows > 1)
                value = differences / (n - 1.0f);
            if (feature == THB_FEATURE_ENERGY) value = squares / n;
            *out++ = value;
        }
    }
}
