#include "ops/fast_variants.h"

namespace thimble {

// Faster kernels are larger; old models with weight zero points and int4 weights, which were chosen
// for their size, stay with the portable kernels.
static bool wants_speed(const LowerContext& c, const IntegerLayer& layer)
{
    return c.options.optimize != Optimize::size && !layer.nibbles && layer.weight_zero_point == 0 &&
           !layer.wide_multiply;
}

void add_dense_variants(LowerContext& c, const IntegerLayer& layer, int64_t rows,
                        std::vector<Variant>& variants)
{
    if (!wants_speed(c, layer)) return;
    add_dense_dsp(c, layer, rows, variants);
    add_dense_armv6m(c, layer, rows, variants);
    add_dense_rv32(c, layer, rows, variants);
    add_dense_avr(c, layer, rows, variants);
}

void add_conv2d_variants(LowerContext& c, const IntegerLayer& layer, const WindowGeometry& window,
                         std::vector<Variant>& variants)
{
    if (!wants_speed(c, layer)) return;
    add_conv2d_dsp(c, layer, window, variants);
    add_conv2d_armv6m(c, layer, window, variants);
    add_conv2d_rv32(c, layer, window, variants);
    add_conv2d_avr(c, layer, window, variants);
}

void add_depthwise_variants(LowerContext& c, const IntegerLayer& layer,
                            const WindowGeometry& window, std::vector<Variant>& variants)
{
    if (!wants_speed(c, layer)) return;
    // One input channel: every output sees all of the input, an ordinary convolution.
    if (window.in_c == 1) {
        add_conv2d_dsp(c, layer, window, variants);
        add_conv2d_armv6m(c, layer, window, variants);
        add_conv2d_rv32(c, layer, window, variants);
        add_conv2d_avr(c, layer, window, variants);
    }
    add_depthwise_dsp(c, layer, window, variants);
    add_depthwise_armv6m(c, layer, window, variants);
    add_depthwise_rv32(c, layer, window, variants);
}

}  // namespace thimble
