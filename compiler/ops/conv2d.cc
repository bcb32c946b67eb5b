// 2-D convolution: y[n,y,x,o] = act(b[o] + sum_{ky,kx,c} x[n, y*s+ky*d-pad, x*s+kx*d-pad, c] *
// w[o,ky,kx,c]).
//
// Weights are [o, ky, kx, c / groups]; places outside the input count as its zero point. Arithmetic
// by element types (docs/numerics.md, "Convolution"):
//   int8 x int8, int4   int32 accumulator, two roundings; weight zero points are ignored
//   uint8 x uint8       the same, both zero points subtracted
//   int16 x int8        no zero points; 64-bit accumulator and one rounding, or 32 bits when the
//   bias is int32 float x float, float16, int8, int4   float on dequantised weights
// Source: TFLM reference kernel.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/dense_layer.h"
#include "ops/fast_variants.h"
#include "ops/legacy_uint8.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"
#include "ops/weighted.h"
#include "ops/weights.h"
#include "ops/window.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void import_conv2d(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::conv2d;
    Conv2dAttributes a;
    a.window.same = source.options.i8(field::padding) == tflite_field::kPaddingSame;
    a.window.stride_h = source.options.i32(field::stride_h);
    a.window.stride_w = source.options.i32(field::stride_w);
    a.window.dilation_h = source.options.i32(field::dilation_h, 1);
    a.window.dilation_w = source.options.i32(field::dilation_w, 1);
    a.window.activation = source.options.i8(field::fused_activation);
    a.bias32 = source.options.i8(field::quantized_bias_type) == static_cast<int>(TfliteType::int32);
    node.attributes = a;
}

const Conv2dAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const Conv2dAttributes&>(node.attributes);
}

void export_conv2d(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::conv2d;
    const Conv2dAttributes& a = attributes_of(node);
    file.write(node, "CONV_2D",
               {{field::padding, tflite_padding(a.window.same)},
                {field::stride_w, static_cast<int32_t>(a.window.stride_w)},
                {field::stride_h, static_cast<int32_t>(a.window.stride_h)},
                {field::fused_activation, static_cast<int8_t>(a.window.activation)},
                {field::dilation_w, static_cast<int32_t>(a.window.dilation_w)},
                {field::dilation_h, static_cast<int32_t>(a.window.dilation_h)},
                {field::quantized_bias_type,
                 static_cast<int8_t>(a.bias32 ? tflite_type_number(DType::i32) : 0)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 3);
    require_outputs(node, 1);
    require_rank(graph, node, 0, 4, 4);
    require_rank(graph, node, 1, 4, 4);
    const Tensor& in = graph.input(node, 0);
    const Shape& weights = graph.input(node, 1).shape;
    check_weighted_types(graph, node, {}, weights[0], DType::i32);
    check_weighted_scales(graph, node, {}, 0);
    const WindowAttributes& window = attributes_of(node).window;
    require_window(window, weights[1], weights[2]);
    const bool grouped = weights[0] > 0 && weights[3] > 0 && in.shape[3] % weights[3] == 0 &&
                         weights[0] % std::max<int64_t>(in.shape[3] / weights[3], 1) == 0;
    require_shape(grouped,
                  fmt::format("input {} and weights {}", shape_text(in.shape), shape_text(weights)),
                  "input channels that are a multiple of the weights' last dimension, and as many "
                  "groups of outputs");
    const WindowGeometry g = reference_window(in.shape, weights[0], weights[1], weights[2], window);
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = in.type;
    out.shape = {g.batches, g.out_h, g.out_w, g.out_c};
}

// ---- oracle ----

// Calls take(input index, weight index) for every product of one output, in the reference's order.
template <typename Take>
void each_product(const WindowGeometry& g, int64_t n, int64_t oy, int64_t ox, int64_t o,
                  int64_t groups, Take take)
{
    const int64_t group_in = g.in_c / groups;
    const int64_t first_channel = o / (g.out_c / groups) * group_in;
    for (int64_t ky = 0; ky < g.filter_h; ++ky) {
        for (int64_t kx = 0; kx < g.filter_w; ++kx) {
            const int64_t iy = oy * g.stride_h + ky * g.dilation_h - g.pad_top;
            const int64_t ix = ox * g.stride_w + kx * g.dilation_w - g.pad_left;
            if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
            for (int64_t c = 0; c < group_in; ++c)
                take(static_cast<size_t>(((n * g.in_h + iy) * g.in_w + ix) * g.in_c +
                                         first_channel + c),
                     static_cast<size_t>(((o * g.filter_h + ky) * g.filter_w + kx) * group_in + c));
        }
    }
}

// Calls make(n, y, x, o, output index) for every output.
template <typename Make>
void each_output(const WindowGeometry& g, Make make)
{
    size_t index = 0;
    for (int64_t n = 0; n < g.batches; ++n)
        for (int64_t y = 0; y < g.out_h; ++y)
            for (int64_t x = 0; x < g.out_w; ++x)
                for (int64_t o = 0; o < g.out_c; ++o) make(n, y, x, o, index++);
}

WindowGeometry geometry_of(const EvalContext& c)
{
    const Shape& w = c.input(1).shape;
    return reference_window(c.input(0).shape, w[0], w[1], w[2], attributes_of(c.node).window);
}

template <typename T, typename W>
void eval_integer(EvalContext& c)
{
    const WindowGeometry g = geometry_of(c);
    const int64_t groups = g.in_c / c.input(1).shape[3];
    const bool zero_points = c.input(0).type != DType::i16;
    const int32_t in_zero = zero_points ? c.input(0).quant.zero_point() : 0;
    const int32_t weight_zero = is_legacy(c.graph, c.node, 1) ? c.input(1).quant.zero_point() : 0;
    const bool wide = has_wide_accumulator(c.graph, c.node, {}, attributes_of(c.node).bias32);
    const ReferenceScaler scale(c, reference_factors(c, {}, g.out_c),
                                attributes_of(c.node).window.activation, wide,
                                zero_points ? c.output().quant.zero_point() : 0);
    const auto in = c.in<T>(0);
    const auto weights = c.in<W>(1);
    const std::vector<double> bias = c.raw_or_empty(2);
    const auto out = c.out<T>();
    each_output(g, [&](int64_t n, int64_t y, int64_t x, int64_t o, size_t index) {
        int64_t acc = bias.empty() ? 0 : static_cast<int64_t>(bias[static_cast<size_t>(o)]);
        each_product(g, n, y, x, o, groups, [&](size_t i, size_t w) {
            acc += int64_t{in[i] - in_zero} * (weights[w] - weight_zero);
        });
        out[index] = static_cast<T>(scale(acc, o));
    });
}

void eval_float(EvalContext& c)
{
    const WindowGeometry g = geometry_of(c);
    const int64_t groups = g.in_c / c.input(1).shape[3];
    const auto in = c.in<float>(0);
    const std::vector<double> weights = c.real(1);
    const auto bias = c.in_or_empty<float>(2);
    const auto out = c.out<float>();
    const reference::FloatClamp clamp =
        reference::float_clamp(attributes_of(c.node).window.activation);
    each_output(g, [&](int64_t n, int64_t y, int64_t x, int64_t o, size_t index) {
        float acc = 0.0f;
        each_product(g, n, y, x, o, groups,
                     [&](size_t i, size_t w) { acc += in[i] * static_cast<float>(weights[w]); });
        if (!bias.empty()) acc += bias[static_cast<size_t>(o)];
        out[index] = std::min(std::max(acc, clamp.lowest), clamp.highest);
    });
}

void eval(EvalContext& c)
{
    switch (c.input(0).type) {
    case DType::i8:
        return eval_integer<int8_t, int8_t>(c);
    case DType::u8:
        return eval_integer<uint8_t, uint8_t>(c);
    case DType::i16:
        return eval_integer<int16_t, int8_t>(c);
    default:
        return eval_float(c);
    }
}

// ---- lowering ----

struct Conv2dPlan {
    WindowGeometry window;
    int64_t groups, group_in;
    double macs;
    // Without a neighbourhood every pixel is a row of a matrix: the dense kernels do it.
    bool is_dense() const
    {
        return window.taps() == 1 && window.stride_h == 1 && window.stride_w == 1 && groups == 1 &&
               window.in_h == window.out_h && window.in_w == window.out_w;
    }
};

Conv2dPlan plan_of(const LowerContext& c)
{
    const Shape& w = c.input(1).shape;
    Conv2dPlan plan = {};
    plan.window = lowered_window(c.input(0).shape, c.output().shape, w[1], w[2],
                                 attributes_of(c.node).window);
    plan.group_in = w[3];
    plan.groups = plan.window.in_c / w[3];
    plan.macs = static_cast<double>(plan.window.pixels() * plan.window.taps() * w[0] * w[3]);
    return plan;
}

IntegerLayer integer_plan(const LowerContext& c, const Conv2dPlan& plan)
{
    IntegerLayerOptions options;
    options.out_count = plan.window.out_c;
    options.k_count = plan.window.taps() * plan.group_in;
    options.factors = channel_factors(c, 0, 1, options.out_count);
    options.activation = attributes_of(c.node).window.activation;
    options.use_weight_zero_point = c.node.was_uint8;
    options.fold_in_zero_point = c.input(0).type == DType::i8;
    options.wide_multiply = has_wide_accumulator(c.graph, c.node, {}, attributes_of(c.node).bias32);
    return integer_layer(c, options);
}

void lower_s8(LowerContext& c, const Conv2dPlan& plan)
{
    const IntegerLayer layer = integer_plan(c, plan);
    if (plan.is_dense()) return lower_dense_s8(c, layer, plan.window.pixels());
    std::vector<Variant> variants = {
        {"portable", "",
         (plan.macs * 8 + static_cast<double>(plan.window.pixels() * layer.out_count) * 60) *
             (c.target.int_bits == 16 ? 5 : 1),
         [&] {
             std::vector<Arg> args = joined(layer_args_s8(c, layer), window_args(c, plan.window));
             args.push_back(c.key(plan.groups));
             for (const int32_t zero_point :
                  {layer.in_zero_point, layer.weight_zero_point, layer.out_zero_point})
                 args.push_back(c.number(zero_point, "int16_t"));
             args.push_back(c.number(layer.clamp.lowest, "int16_t"));
             args.push_back(c.number(layer.clamp.highest, "int16_t"));
             c.call("thb_conv2d_s8", std::move(args));
         }}};
    if (plan.groups == 1) add_conv2d_variants(c, layer, plan.window, variants);
    c.choose(std::move(variants));
}

void lower_s16(LowerContext& c, const Conv2dPlan& plan)
{
    IntegerLayer layer = integer_plan(c, plan);
    layer.out_zero_point = 0;
    if (plan.is_dense()) return lower_dense_s16(c, layer, plan.window.pixels());
    c.choose({{"portable", "", plan.macs * 10, [&] {
                   std::vector<Arg> args =
                       joined(layer_args_s16(c, layer), window_args(c, plan.window));
                   args.push_back(c.key(plan.groups));
                   args.push_back(c.number(layer.clamp.lowest, "int16_t"));
                   args.push_back(c.number(layer.clamp.highest, "int16_t"));
                   c.call("thb_conv2d_s16", std::move(args));
               }}});
}

void lower_f32(LowerContext& c, const Conv2dPlan& plan)
{
    const int activation = attributes_of(c.node).window.activation;
    if (plan.is_dense())
        return lower_dense_f32(c, plan.window.pixels(), plan.window.in_c, plan.window.out_c,
                               activation);
    const RealClamp clamp = real_clamp(activation);
    const double cycles = c.target.has_float_unit ? 10 : 100;
    c.choose({{"portable", "", plan.macs * cycles, [&] {
                   std::vector<Arg> args = joined(layer_args_f32(c), window_args(c, plan.window));
                   args.push_back(c.key(plan.groups));
                   args.push_back(c.number(clamp.lowest));
                   args.push_back(c.number(clamp.highest));
                   c.call("thb_conv2d_f32", std::move(args));
               }}});
}

void lower(LowerContext& c)
{
    const Conv2dPlan plan = plan_of(c);
    switch (c.input(0).type) {
    case DType::i8:
        return lower_s8(c, plan);
    case DType::i16:
        return lower_s16(c, plan);
    case DType::f32:
        return lower_f32(c, plan);
    default:
        refuse_uint8(c);
    }
}

int64_t macs(const Graph& graph, const Node& node)
{
    const Shape& w = graph.input(node, 1).shape;
    return graph.output(node, 0).count() * w[1] * w[2] * w[3];
}

}  // namespace

extern const OpDef op_conv2d;
const OpDef op_conv2d = {
    .name = "conv2d",
    .tflite = {{"CONV_2D", import_conv2d}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .macs = macs,
    .export_tflite = export_conv2d,
    .quantization = [](const Graph& graph, const Node& node) {
        return rule_for_weights(
            graph, node, {.in_axis = 3, .activation = attributes_of(node).window.activation});
    }};

}  // namespace thimble
