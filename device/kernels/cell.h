// What the float kernels of recurrent layers share.
#include "kernels/unary.h"

// Activations, numbered as in the file format.
#define THB_CELL_NONE 0
#define THB_CELL_RELU 1
#define THB_CELL_RELU6 3
#define THB_CELL_TANH 4
#define THB_CELL_SIGMOID 6

THB_KERNEL float thb_cell_activation(float x, int activation)
{
    if (activation == THB_CELL_TANH) return tanhf(x);
    if (activation == THB_CELL_SIGMOID) return thb_activation_f32(x, THB_UNARY_LOGISTIC);
    if (activation == THB_CELL_RELU) return x < 0.0f ? 0.0f : x;
    if (activation == THB_CELL_RELU6) return x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x;
    return x;
}

// Clamped to [-limit, limit]; limit 0: not at all.
THB_KERNEL float thb_cell_clip(float x, float limit)
{
    if (limit > 0.0f) return x < -limit ? -limit : x > limit ? limit : x;
    return x;
}
