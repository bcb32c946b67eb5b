// LSTM layers in float32 (source: Hochreiter and Schmidhuber 1997; Sak et al. 2014 for the
// projection; docs/numerics.md, "Recurrent layers"). Integer ones: lstm_integer.h.
//
//   i, f, o = s(W x + U h + P c + b), g = a(W x + U h + b), c' = clip(f c + i g)
//   h' = o a(c'), with projection clip(R (o a(c')) + br); without input gate i = 1 - f
//
// One step after the other reads its row of the input and writes its row of the output; h and c are
// updated in place. A layer that runs backwards has negative strides.
#include "kernels/cell.h"
#include "kernels/dot.h"
#include "kernels/float_weights.h"

// What the functions below share; the contract stands at thb_lstm_f32.
typedef struct {
    const void* weights;
    int format;
    const float* scales;
    const float* bias;
    const float* peephole;
    const float* norm;
    thb_index_t in_count, units, outputs;
    int gates, activation, recurrent_activation;
    float cell_clip;
} thb_lstm_f32_t;

// sums[4 - gates + g] = sum of in[k] * weights[k][g] over k, the weights from `at` on: every input
// is loaded once for all gates.
THB_KERNEL void thb_lstm_dot_f32(const float* in, const void* weights, size_t at, int format,
                                 thb_index_t count, int gates, float* sums)
{
    float a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
    for (; count > 0; --count) {
        const float x = *in++;
        a += x * thb_float_weight(weights, at, format, 1);
        b += x * thb_float_weight(weights, at + 1, format, 1);
        c += x * thb_float_weight(weights, at + 2, format, 1);
        if (gates == 4) d += x * thb_float_weight(weights, at + 3, format, 1);
        at += (size_t)gates;
    }
    sums += 4 - gates;
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    if (gates == 4) sums[3] = d;
}

// The gates of unit `o` before their activation, less bias and the output gate's peephole.
THB_KERNEL void thb_lstm_sums(const thb_lstm_f32_t* l, const float* x, const float* h,
                              const float* c, thb_index_t o, float* sums)
{
    const size_t row = (size_t)o * (size_t)l->gates;
    const size_t at = row * (size_t)(l->in_count + l->outputs);
    float of_h[4];
    int g;
    thb_lstm_dot_f32(x, l->weights, at, l->format, l->in_count, l->gates, sums);
    thb_lstm_dot_f32(h, l->weights, at + (size_t)l->in_count * (size_t)l->gates, l->format,
                     l->outputs, l->gates, of_h);
    for (g = 4 - l->gates; g < 4; ++g) {
        if (THB_WEIGHTS_SCALED(l->format)) {
            const float* scale = l->scales + 2 * (row + (size_t)(g + l->gates - 4));
            sums[g] *= THB_FLASH_F32(scale);
            of_h[g] *= THB_FLASH_F32(scale + 1);
        }
        if (l->peephole && g < 2) of_h[g] += THB_FLASH_F32(l->peephole + 3 * (size_t)o + g) * c[o];
        sums[g] += of_h[g];
    }
}

THB_KERNEL float thb_lstm_bias(const thb_lstm_f32_t* l, thb_index_t o, int g)
{
    return THB_FLASH_F32(l->bias + (size_t)o * (size_t)l->gates + (g + l->gates - 4));
}

// c' of unit `o` from the sums of the gates i, f, g.
THB_KERNEL void thb_lstm_cell(const thb_lstm_f32_t* l, float* c, thb_index_t o, float input_sum,
                              float forget_sum, float candidate_sum)
{
    const float forget = thb_cell_activation(forget_sum, l->recurrent_activation);
    const float input = l->gates == 4 ? thb_cell_activation(input_sum, l->recurrent_activation)
                                      : 1.0f - forget;
    const float candidate = thb_cell_activation(candidate_sum, l->activation);
    c[o] = thb_cell_clip(forget * c[o] + input * candidate, l->cell_clip);
}

// o a(c') of unit `o`.
THB_KERNEL float thb_lstm_hidden(const thb_lstm_f32_t* l, const float* c, thb_index_t o,
                                 float output_sum)
{
    return thb_cell_activation(c[o], l->activation) *
           thb_cell_activation(output_sum, l->recurrent_activation);
}

THB_KERNEL float thb_lstm_output_peephole(const thb_lstm_f32_t* l, const float* c, thb_index_t o)
{
    return l->peephole ? THB_FLASH_F32(l->peephole + 3 * (size_t)o + 2) * c[o] : 0.0f;
}

// One step, unit by unit: hidden = o a(c').
THB_KERNEL void thb_lstm_step(const thb_lstm_f32_t* l, const float* x, const float* h, float* c,
                              float* hidden)
{
    thb_index_t o;
    for (o = 0; o < l->units; ++o) {
        float sum[4];
        int g;
        sum[0] = 0.0f;
        thb_lstm_sums(l, x, h, c, o, sum);
        for (g = 4 - l->gates; g < 4; ++g) sum[g] += thb_lstm_bias(l, o, g);
        thb_lstm_cell(l, c, o, sum[0], sum[1], sum[2]);
        hidden[o] = thb_lstm_hidden(l, c, o, sum[3] + thb_lstm_output_peephole(l, c, o));
    }
}

// Mean 0 and variance 1 over the units, times weights, plus bias. The variance's floor is TFLite's.
THB_KERNEL void thb_lstm_normalise(const thb_lstm_f32_t* l, float* sums, int g)
{
    const float* weights = l->norm + (size_t)(g + l->gates - 4) * (size_t)l->units;
    float mean = 0.0f, squares = 0.0f;
    thb_index_t o;
    for (o = 0; o < l->units; ++o) mean += sums[o];
    mean /= (float)l->units;
    for (o = 0; o < l->units; ++o) squares += (sums[o] - mean) * (sums[o] - mean);
    squares = 1.0f / sqrtf(squares / (float)l->units + 1e-8f);
    for (o = 0; o < l->units; ++o)
        sums[o] = (sums[o] - mean) * squares * THB_FLASH_F32(weights + o) + thb_lstm_bias(l, o, g);
}

// One step with layer normalisation, gate by gate; sums float [4][u].
THB_KERNEL void thb_lstm_normed_step(const thb_lstm_f32_t* l, const float* x, const float* h,
                                     float* c, float* sums, float* hidden)
{
    const size_t units = (size_t)l->units;
    thb_index_t o;
    int g;
    for (o = 0; o < l->units; ++o) {
        float sum[4];
        thb_lstm_sums(l, x, h, c, o, sum);
        for (g = 4 - l->gates; g < 4; ++g) sums[(size_t)g * units + (size_t)o] = sum[g];
    }
    for (g = 4 - l->gates; g < 3; ++g) thb_lstm_normalise(l, sums + (size_t)g * units, g);
    for (o = 0; o < l->units; ++o) {
        thb_lstm_cell(l, c, o, l->gates == 4 ? sums[o] : 0.0f, sums[units + (size_t)o],
                      sums[2 * units + (size_t)o]);
        sums[3 * units + (size_t)o] += thb_lstm_output_peephole(l, c, o);
    }
    sums += 3 * units;
    thb_lstm_normalise(l, sums, 3);
    for (o = 0; o < l->units; ++o) hidden[o] = thb_lstm_hidden(l, c, o, sums[o]);
}

// R `hidden` + br, clipped: the new hidden state of a layer with projection.
THB_KERNEL void thb_lstm_project(const float* hidden, const void* projection, int format,
                                 const float* scales, const float* bias, float* out,
                                 thb_index_t units, thb_index_t outputs, float clip)
{
    thb_index_t m;
    size_t at = 0;
    for (m = 0; m < outputs; ++m) {
        float sum = thb_dot_f32(0.0f, hidden, projection, at, format, 1, units);
        if (THB_WEIGHTS_SCALED(format)) sum *= THB_FLASH_F32(scales + m);
        if (bias) sum += THB_FLASH_F32(bias + m);
        out[m] = thb_cell_clip(sum, clip);
        at += (size_t)units;
    }
}

// in          float [..][i] in RAM: from in_first on, rows `in_step` and `in_batch` elements apart
// weights     [u][i + m][gate] in flash, format THB_WEIGHTS_*; gates in the order i, f, g, o, or f,
//             g, o (`gates` 3: without input gate). scales float [u][gate][2], of integer formats
// bias        float [u][gate], peephole float [u][3] (i, f, o) or null: in flash
// norm        float [gate][u] in flash, or null: no layer normalisation
// projection  [m][u] in flash, or null (then m = u); scales float [m]; bias float [m] or null
// h, c        float [n][m], [n][u]: read and overwritten
// sums        float [4][u] with layer normalisation, else null
// hidden      float [u] with projection, else null
// out         float [..][m], the same; step 0: only the last row is kept. No overlap with in, h, c
THB_KERNEL void thb_lstm_f32(const float* in, const void* weights, int format, const float* scales,
                             const float* bias, const float* peephole, const float* norm,
                             const void* projection, int projection_format,
                             const float* projection_scales, const float* projection_bias, float* h,
                             float* c, float* sums, float* hidden, float* out, thb_index_t batches,
                             thb_index_t steps, thb_index_t in_count, thb_index_t units,
                             thb_index_t outputs, thb_index_t in_first, thb_index_t in_batch,
                             thb_index_t in_step, thb_index_t out_first, thb_index_t out_batch,
                             thb_index_t out_step, int gates, int activation,
                             int recurrent_activation, float cell_clip, float projection_clip)
{
    thb_lstm_f32_t l;
    thb_index_t n, t;
    l.weights = weights;
    l.format = format;
    l.scales = scales;
    l.bias = bias;
    l.peephole = peephole;
    l.norm = norm;
    l.in_count = in_count;
    l.units = units;
    l.outputs = outputs;
    l.gates = gates;
    l.activation = activation;
    l.recurrent_activation = recurrent_activation;
    l.cell_clip = cell_clip;
    for (n = 0; n < batches; ++n) {
        const float* x = in + in_first;
        float* row = out + out_first;
        for (t = 0; t < steps; ++t) {
            float* result = projection ? hidden : row;
            if (norm) {
                thb_lstm_normed_step(&l, x, h, c, sums, result);
            } else {
                thb_lstm_step(&l, x, h, c, result);
            }
            if (projection)
                thb_lstm_project(hidden, projection, projection_format, projection_scales,
                                 projection_bias, row, units, outputs, projection_clip);
            memcpy(h, row, (size_t)outputs * sizeof(float));
            x += in_step;
            row += out_step;
        }
        in += in_batch;
        out += out_batch;
        h += outputs;
        c += units;
    }
}
