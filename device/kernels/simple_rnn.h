// Simple recurrent layers in float32: h' = clip(a(W x + U h + b)) (source: Elman 1990;
// docs/numerics.md, "Recurrent layers").
//
// One step after the other reads its row of the input and writes its row of the output; h is
// updated in place. A layer that runs backwards has negative strides.
#include "kernels/cell.h"
#include "kernels/dot.h"
#include "kernels/float_weights.h"

// in       float [..][i] in RAM: from in_first on, rows `in_step` and `in_batch` elements apart
// weights  [u][i + u] in flash, format THB_WEIGHTS_*; scales float [u][2], of integer formats
// bias     float [u] in flash
// h        float [n][u]: read and overwritten
// out      float [..][u], as the input; step 0: only the last row is kept. No overlap with in, h
// clip     of h', 0: none
THB_KERNEL void thb_simple_rnn_f32(const float* in, const void* weights, int format,
                                   const float* scales, const float* bias, float* h, float* out,
                                   thb_index_t batches, thb_index_t steps, thb_index_t in_count,
                                   thb_index_t units, thb_index_t in_first, thb_index_t in_batch,
                                   thb_index_t in_step, thb_index_t out_first,
                                   thb_index_t out_batch, thb_index_t out_step, int activation,
                                   float clip)
{
    thb_index_t n, t, o;
    for (n = 0; n < batches; ++n) {
        const float* x = in + in_first;
        float* row = out + out_first;
        for (t = 0; t < steps; ++t) {
            size_t at = 0;
            for (o = 0; o < units; ++o) {
                float from_x = thb_dot_f32(0.0f, x, weights, at, format, 1, in_count);
                float from_h =
                    thb_dot_f32(0.0f, h, weights, at + (size_t)in_count, format, 1, units);
                if (THB_WEIGHTS_SCALED(format)) {
                    from_x *= THB_FLASH_F32(scales + 2u * (size_t)o);
                    from_h *= THB_FLASH_F32(scales + 2u * (size_t)o + 1u);
                }
                row[o] = thb_cell_clip(
                    thb_cell_activation(from_x + from_h + THB_FLASH_F32(bias + o), activation),
                    clip);
                at += (size_t)in_count + (size_t)units;
            }
            memcpy(h, row, (size_t)units * sizeof(float));
            x += in_step;
            row += out_step;
        }
        in += in_batch;
        out += out_batch;
        h += units;
    }
}
