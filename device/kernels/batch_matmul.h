// Products of matrices of which either may be computed or constant (docs/numerics.md, "Matrices").
//
//   out[b][r][c] = sum_k x[b][r][k] * y[b][k][c]
// adj_x, adj_y 1: that matrix is stored with rows and columns exchanged. There are up to three
// batch dimensions of n0, n1, n2 matrices; x0 .. y2 are the steps in elements from one matrix of x
// and y to the next along them, 0 where an operand is repeated. out must not overlap x or y.
#include "kernels/float_weights.h"
#include "kernels/requantize.h"

#define THB_MATRIX_PARAMETERS \
    thb_index_t n0, thb_index_t n1, thb_index_t n2, thb_index_t x0, thb_index_t x1, \
        thb_index_t x2, thb_index_t y0, thb_index_t y1, thb_index_t y2, thb_index_t rows, \
        thb_index_t depth, thb_index_t columns, int adj_x, int adj_y

// int8:
//   out = clamp(out_zero_point + multiply(bias[c] + sum_k (x - x_zero_point) * (y - y_zero_point)))
//
// x_flash, y_flash  1: a table in flash, 0: RAM
// bias              int32 [c] in flash, or null
// multipliers       int32 [c] or [1], shifts int8 likewise, in flash; per_channel 1 or 0 says which
// Range: the compiler has proven that every partial sum fits int32.
THB_KERNEL void thb_batch_matmul_s8(const int8_t* x, int x_flash, const int8_t* y, int y_flash,
                                    const int32_t* bias, const int32_t* multipliers,
                                    const int8_t* shifts, int per_channel, int8_t* out,
                                    THB_MATRIX_PARAMETERS, int16_t x_zero_point,
                                    int16_t y_zero_point, int16_t out_zero_point, int16_t lowest,
                                    int16_t highest)
{
    thb_index_t i0, i1, i2, r, c, k;
    for (i0 = 0; i0 < n0; ++i0)
        for (i1 = 0; i1 < n1; ++i1)
            for (i2 = 0; i2 < n2; ++i2) {
                const int8_t* x_matrix = x + (i0 * x0 + i1 * x1 + i2 * x2);
                const int8_t* y_matrix = y + (i0 * y0 + i1 * y1 + i2 * y2);
                for (r = 0; r < rows; ++r) {
                    for (c = 0; c < columns; ++c) {
                        const int8_t* a = x_matrix + (adj_x ? r : r * depth);
                        const int8_t* b = y_matrix + (adj_y ? c * depth : c);
                        int32_t acc = bias ? THB_FLASH_S32(bias + c) : 0;
                        for (k = 0; k < depth; ++k) {
                            acc += (int32_t)(THB_LOAD_S8(a, x_flash) - x_zero_point) *
                                   (THB_LOAD_S8(b, y_flash) - y_zero_point);
                            a += adj_x ? rows : 1;
                            b += adj_y ? 1 : columns;
                        }
                        acc = thb_multiply(acc, THB_FLASH_S32(multipliers + (per_channel ? c : 0)),
                                           THB_FLASH_S8(shifts + (per_channel ? c : 0)));
                        *out++ = (int8_t)thb_clamp(acc + out_zero_point, lowest, highest);
                    }
                }
            }
}

// int16 x int16, or int16 x int8 (y_is_byte 1); 64-bit sums.
//   out = clamp(out_zero_point + multiply(bias[c] + sum_k (x - x_zero_point) * (y - y_zero_point)))
//
// bias           int32 or int64 [c] in flash (wide_bias), or null
// wide_multiply  1: multiply is thb_multiply64, 0: thb_multiply, the sum fits int32
THB_KERNEL void thb_batch_matmul_s16(const int16_t* x, int x_flash, const void* y, int y_is_byte,
                                     int y_flash, const void* bias, int wide_bias,
                                     const int32_t* multipliers, const int8_t* shifts,
                                     int per_channel, int wide_multiply, int16_t* out,
                                     THB_MATRIX_PARAMETERS, int16_t x_zero_point,
                                     int16_t y_zero_point, int16_t out_zero_point, int16_t lowest,
                                     int16_t highest)
{
    thb_index_t i0, i1, i2, r, c, k;
    for (i0 = 0; i0 < n0; ++i0)
        for (i1 = 0; i1 < n1; ++i1)
            for (i2 = 0; i2 < n2; ++i2) {
                const int16_t* x_matrix = x + (i0 * x0 + i1 * x1 + i2 * x2);
                const thb_index_t y_matrix = (thb_index_t)(i0 * y0 + i1 * y1 + i2 * y2);
                for (r = 0; r < rows; ++r) {
                    for (c = 0; c < columns; ++c) {
                        const int16_t* a = x_matrix + (adj_x ? r : r * depth);
                        thb_index_t b = (thb_index_t)(y_matrix + (adj_y ? c * depth : c));
                        int64_t acc = 0;
                        int32_t scaled;
                        if (bias) {
                            if (wide_bias) acc = THB_FLASH_S64((const int64_t*)bias + c);
                            else acc = THB_FLASH_S32((const int32_t*)bias + c);
                        }
                        for (k = 0; k < depth; ++k) {
                            const int16_t value =
                                y_is_byte ? THB_LOAD_S8((const int8_t*)y + b, y_flash)
                                          : THB_LOAD_S16((const int16_t*)y + b, y_flash);
                            acc += ((int32_t)THB_LOAD_S16(a, x_flash) - x_zero_point) *
                                   ((int64_t)value - y_zero_point);
                            a += adj_x ? rows : 1;
                            b = (thb_index_t)(b + (adj_y ? 1 : columns));
                        }
                        scaled = thb_multiply_sum(
                            acc, THB_FLASH_S32(multipliers + (per_channel ? c : 0)),
                            THB_FLASH_S8(shifts + (per_channel ? c : 0)), wide_multiply);
                        *out++ = (int16_t)thb_clamp(scaled + out_zero_point, lowest, highest);
                    }
                }
            }
}

// Floats, added in the order of k. y in any format of float_weights.h; integer ones are scaled by
// scales[c] or scales[0].
THB_KERNEL void thb_batch_matmul_f32(const float* x, int x_flash, const void* y, int y_format,
                                     int y_flash, const float* scales, int per_channel, float* out,
                                     THB_MATRIX_PARAMETERS)
{
    thb_index_t i0, i1, i2, r, c, k;
    for (i0 = 0; i0 < n0; ++i0)
        for (i1 = 0; i1 < n1; ++i1)
            for (i2 = 0; i2 < n2; ++i2) {
                const float* x_matrix = x + (i0 * x0 + i1 * x1 + i2 * x2);
                const thb_index_t y_matrix = (thb_index_t)(i0 * y0 + i1 * y1 + i2 * y2);
                for (r = 0; r < rows; ++r) {
                    for (c = 0; c < columns; ++c) {
                        const float* a = x_matrix + (adj_x ? r : r * depth);
                        size_t b = (size_t)(y_matrix + (adj_y ? c * depth : c));
                        float acc = 0.0f;
                        for (k = 0; k < depth; ++k) {
                            acc += THB_LOAD_F32(a, x_flash) *
                                   thb_float_weight(y, b, y_format, y_flash);
                            a += adj_x ? rows : 1;
                            b += (size_t)(adj_y ? 1 : columns);
                        }
                        if (THB_WEIGHTS_SCALED(y_format))
                            acc *= THB_FLASH_F32(scales + (per_channel ? c : 0));
                        *out++ = acc;
                    }
                }
            }
}
