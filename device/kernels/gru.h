// GRU layers in float32 (source: Cho et al. 2014; Keras for the reset after the product;
// docs/numerics.md, "Recurrent layers").
//
//   z = s(Wz x + Uz h + bz), r = s(Wr x + Ur h + br), h' = z h + (1 - z) g
//   g = a(Wh x + bh + r (Uh h + rh)), or with the reset before the product a(Wh x + bh + Uh (r h))
//
// One step after the other reads its row of the input and writes its row of the output; h is
// updated in place. A layer that runs backwards has negative strides.
#include "kernels/cell.h"
#include "kernels/dot.h"
#include "kernels/float_weights.h"

#define THB_GRU_UPDATE 0
#define THB_GRU_RESET 1
#define THB_GRU_CANDIDATE 2

// What the functions below share; the contract stands at thb_gru_f32.
typedef struct {
    const void* weights;
    int format;
    const float* scales;
    const float* bias;
    thb_index_t in_count, units;
    int recurrent_activation;
} thb_gru_f32_t;

// Row `o` of a gate's W or U (part 0 or 1) times `in`.
THB_KERNEL float thb_gru_product(const thb_gru_f32_t* l, const float* in, thb_index_t o, int gate,
                                 int part)
{
    const size_t row = (size_t)o * 3u + (size_t)gate;
    const size_t at = row * (size_t)(l->in_count + l->units) + (part ? (size_t)l->in_count : 0u);
    float sum = thb_dot_f32(0.0f, in, l->weights, at, l->format, 1, part ? l->units : l->in_count);
    if (THB_WEIGHTS_SCALED(l->format)) sum *= THB_FLASH_F32(l->scales + 2u * row + (size_t)part);
    return sum;
}

THB_KERNEL float thb_gru_bias(const thb_gru_f32_t* l, thb_index_t o, int which)
{
    return THB_FLASH_F32(l->bias + (size_t)o * 4u + (size_t)which);
}

// z or r of unit `o`.
THB_KERNEL float thb_gru_gate(const thb_gru_f32_t* l, const float* x, const float* h, thb_index_t o,
                              int gate)
{
    return thb_cell_activation(thb_gru_product(l, x, o, gate, 0) +
                                   thb_gru_product(l, h, o, gate, 1) + thb_gru_bias(l, o, gate),
                               l->recurrent_activation);
}

// in       float [..][i] in RAM: from in_first on, rows `in_step` and `in_batch` elements apart
// weights  [u][gate][i + u] in flash, format THB_WEIGHTS_*, gates in the order z, r, h; scales
//          float [u][gate][2], of integer formats
// bias     float [u][4] in flash: z, r, h, and what is added to Uh h before the reset
// h        float [n][u]: read and overwritten
// reset    float [u], scratch for r h when the reset comes before the product, else null
// out      float [..][u], as the input; step 0: only the last row is kept. No overlap with in, h
THB_KERNEL void thb_gru_f32(const float* in, const void* weights, int format, const float* scales,
                            const float* bias, float* h, float* reset, float* out,
                            thb_index_t batches, thb_index_t steps, thb_index_t in_count,
                            thb_index_t units, thb_index_t in_first, thb_index_t in_batch,
                            thb_index_t in_step, thb_index_t out_first, thb_index_t out_batch,
                            thb_index_t out_step, int reset_after, int activation,
                            int recurrent_activation)
{
    thb_gru_f32_t l;
    thb_index_t n, t, o;
    l.weights = weights;
    l.format = format;
    l.scales = scales;
    l.bias = bias;
    l.in_count = in_count;
    l.units = units;
    l.recurrent_activation = recurrent_activation;
    for (n = 0; n < batches; ++n) {
        const float* x = in + in_first;
        float* row = out + out_first;
        for (t = 0; t < steps; ++t) {
            if (!reset_after) {
                for (o = 0; o < units; ++o)
                    reset[o] = thb_gru_gate(&l, x, h, o, THB_GRU_RESET) * h[o];
            }
            for (o = 0; o < units; ++o) {
                const float update = thb_gru_gate(&l, x, h, o, THB_GRU_UPDATE);
                float sum = thb_gru_product(&l, reset_after ? h : reset, o, THB_GRU_CANDIDATE, 1);
                if (reset_after)
                    sum = (sum + thb_gru_bias(&l, o, 3)) * thb_gru_gate(&l, x, h, o, THB_GRU_RESET);
                sum += thb_gru_product(&l, x, o, THB_GRU_CANDIDATE, 0) + thb_gru_bias(&l, o, 2);
                row[o] = update * h[o] + (1.0f - update) * thb_cell_activation(sum, activation);
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
