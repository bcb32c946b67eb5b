// Resizes images [batches][in_h][in_w][channels] to [batches][out_h][out_w][channels].
//
// `input` is a table when in_flash is 1; `output` must not overlap it. The places of all output
// rows (ys) and columns (xs) are tables in flash.
#include "kernels/copy.h"
#include "port/thb_port.h"

#define THB_RESIZE_F32 0
#define THB_RESIZE_LEGACY_S8 1

// Nearest neighbour: copies pixels of pixel_bytes bytes. ys int16 [out_h], xs int16 [out_w].
THB_KERNEL void thb_resize_nearest(const void* input, int in_flash, void* output,
                                   thb_index_t batches, thb_index_t in_h, thb_index_t in_w,
                                   thb_index_t out_h, thb_index_t out_w, thb_index_t pixel_bytes,
                                   const int16_t* ys, const int16_t* xs)
{
    const uint8_t* image = (const uint8_t*)input;
    const size_t row_bytes = (size_t)in_w * (size_t)pixel_bytes;
    uint8_t* to = (uint8_t*)output;
    thb_index_t b, y, x;
    for (b = 0; b < batches; ++b) {
        for (y = 0; y < out_h; ++y) {
            const uint8_t* row = image + (size_t)THB_FLASH_S16(ys + y) * row_bytes;
            for (x = 0; x < out_w; ++x) {
                thb_copy(row + (size_t)THB_FLASH_S16(xs + x) * (size_t)pixel_bytes, in_flash, to,
                         (uint32_t)pixel_bytes);
                to += pixel_bytes;
            }
        }
        image += (size_t)in_h * row_bytes;
    }
}

// Bilinear int8. ys and xs: int16 [out][3]: lower place, upper place, distance from the lower one
// in 1/1024, 0 to 1023. The sum is in 2^-20, |sum| <= 2^27; it is rounded half away from zero.
THB_KERNEL void thb_resize_bilinear_s8(const void* input, int in_flash, void* output,
                                       thb_index_t batches, thb_index_t in_h, thb_index_t in_w,
                                       thb_index_t out_h, thb_index_t out_w, thb_index_t channels,
                                       const int16_t* ys, const int16_t* xs)
{
    const int8_t* image = (const int8_t*)input;
    const size_t row = (size_t)in_w * (size_t)channels;
    int8_t* to = (int8_t*)output;
    thb_index_t b, y, x, c;
    for (b = 0; b < batches; ++b) {
        for (y = 0; y < out_h; ++y) {
            const int8_t* upper = image + (size_t)THB_FLASH_S16(ys + 3 * y) * row;
            const int8_t* lower = image + (size_t)THB_FLASH_S16(ys + 3 * y + 1) * row;
            const int32_t fy = THB_FLASH_S16(ys + 3 * y + 2);
            for (x = 0; x < out_w; ++x) {
                const size_t left = (size_t)THB_FLASH_S16(xs + 3 * x) * (size_t)channels;
                const size_t right = (size_t)THB_FLASH_S16(xs + 3 * x + 1) * (size_t)channels;
                const int32_t fx = THB_FLASH_S16(xs + 3 * x + 2);
                const int32_t w00 = (1024 - fy) * (1024 - fx), w10 = fy * (1024 - fx);
                const int32_t w01 = (1024 - fy) * fx, w11 = fy * fx;
                for (c = 0; c < channels; ++c) {
                    int32_t sum = THB_LOAD_S8(upper + left + c, in_flash) * w00;
                    sum += THB_LOAD_S8(lower + left + c, in_flash) * w10;
                    sum += THB_LOAD_S8(upper + right + c, in_flash) * w01;
                    sum += THB_LOAD_S8(lower + right + c, in_flash) * w11;
                    sum += sum > 0 ? INT32_C(524288) : INT32_C(-524288);
                    *to++ = (int8_t)(sum / INT32_C(1048576));
                }
            }
        }
        image += (size_t)in_h * row;
    }
}

// The same for int16, with sums of 64 bits.
THB_KERNEL void thb_resize_bilinear_s16(const void* input, int in_flash, void* output,
                                        thb_index_t batches, thb_index_t in_h, thb_index_t in_w,
                                        thb_index_t out_h, thb_index_t out_w, thb_index_t channels,
                                        const int16_t* ys, const int16_t* xs)
{
    const int16_t* image = (const int16_t*)input;
    const size_t row = (size_t)in_w * (size_t)channels;
    int16_t* to = (int16_t*)output;
    thb_index_t b, y, x, c;
    for (b = 0; b < batches; ++b) {
        for (y = 0; y < out_h; ++y) {
            const int16_t* upper = image + (size_t)THB_FLASH_S16(ys + 3 * y) * row;
            const int16_t* lower = image + (size_t)THB_FLASH_S16(ys + 3 * y + 1) * row;
            const int32_t fy = THB_FLASH_S16(ys + 3 * y + 2);
            for (x = 0; x < out_w; ++x) {
                const size_t left = (size_t)THB_FLASH_S16(xs + 3 * x) * (size_t)channels;
                const size_t right = (size_t)THB_FLASH_S16(xs + 3 * x + 1) * (size_t)channels;
                const int32_t fx = THB_FLASH_S16(xs + 3 * x + 2);
                const int32_t w00 = (1024 - fy) * (1024 - fx), w10 = fy * (1024 - fx);
                const int32_t w01 = (1024 - fy) * fx, w11 = fy * fx;
                for (c = 0; c < channels; ++c) {
                    int64_t sum = (int64_t)THB_LOAD_S16(upper + left + c, in_flash) * w00;
                    sum += (int64_t)THB_LOAD_S16(lower + left + c, in_flash) * w10;
                    sum += (int64_t)THB_LOAD_S16(upper + right + c, in_flash) * w01;
                    sum += (int64_t)THB_LOAD_S16(lower + right + c, in_flash) * w11;
                    sum += sum > 0 ? INT32_C(524288) : INT32_C(-524288);
                    *to++ = (int16_t)(sum / INT32_C(1048576));
                }
            }
        }
        image += (size_t)in_h * row;
    }
}

// One element as float. The legacy form stores a uint8 number minus 128.
THB_KERNEL float thb_resize_load(const void* image, size_t at, int in_flash, int type)
{
    if (type == THB_RESIZE_F32) return THB_LOAD_F32((const float*)image + at, in_flash);
    return (float)(THB_LOAD_S8((const int8_t*)image + at, in_flash) + 128);
}

// Bilinear in float, in the reference's order. ys and xs: int16 [out][2], lower and upper place;
// fys and fxs: float [out], distance from the lower one. THB_RESIZE_LEGACY_S8 adds 1/2 and
// truncates.
THB_KERNEL void thb_resize_bilinear_f32(const void* input, int in_flash, void* output,
                                        thb_index_t batches, thb_index_t in_h, thb_index_t in_w,
                                        thb_index_t out_h, thb_index_t out_w, thb_index_t channels,
                                        const int16_t* ys, const float* fys, const int16_t* xs,
                                        const float* fxs, int type)
{
    const size_t row = (size_t)in_w * (size_t)channels;
    size_t image = 0, to = 0;
    thb_index_t b, y, x, c;
    for (b = 0; b < batches; ++b) {
        for (y = 0; y < out_h; ++y) {
            const size_t upper = image + (size_t)THB_FLASH_S16(ys + 2 * y) * row;
            const size_t lower = image + (size_t)THB_FLASH_S16(ys + 2 * y + 1) * row;
            const float fy = THB_FLASH_F32(fys + y);
            for (x = 0; x < out_w; ++x) {
                const size_t left = (size_t)THB_FLASH_S16(xs + 2 * x) * (size_t)channels;
                const size_t right = (size_t)THB_FLASH_S16(xs + 2 * x + 1) * (size_t)channels;
                const float fx = THB_FLASH_F32(fxs + x);
                for (c = 0; c < channels; ++c) {
                    const size_t at = (size_t)c;
                    float sum = thb_resize_load(input, upper + left + at, in_flash, type) *
                                (1.0f - fy) * (1.0f - fx);
                    sum += thb_resize_load(input, lower + left + at, in_flash, type) * fy *
                           (1.0f - fx);
                    sum += thb_resize_load(input, upper + right + at, in_flash, type) *
                           (1.0f - fy) * fx;
                    sum += thb_resize_load(input, lower + right + at, in_flash, type) * fy * fx;
                    if (type == THB_RESIZE_F32) ((float*)output)[to] = sum;
                    else ((int8_t*)output)[to] = (int8_t)((int16_t)(sum + 0.5f) - 128);
                    ++to;
                }
            }
        }
        image += (size_t)in_h * row;
    }
}
