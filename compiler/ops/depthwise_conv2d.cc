// Depthwise 2-D convolution: y[n,y,x,c*m+j] = act(b[c*m+j] + sum_{ky,kx} x[n, y*s+ky*d-pad,
// x*s+kx*d-pad, c] * w[ky,kx,c*m+j]).
//
// m is the depth multiplier: output channels / input channels. Weights are [1, ky, kx, out
// channel], with scales along the last axis. Arithmetic as in conv2d.cc, but 16-bit activations
// always have a 64-bit accumulator. Source: TFLM reference kernel.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
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

void import_depthwise_conv2d(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::depthwise_conv2d;
    WindowAttributes a;
    a.same = source.options.i8(field::padding) == tflite_field::kPaddingSame;
    a.stride_h = source.options.i32(field::stride_h);
    a.stride_w = source.options.i32(field::stride_w);
    a.dilation_h = source.options.i32(field::dilation_h, 1);
    a.dilation_w = source.options.i32(field::dilation_w, 1);
    a.activation = source.options.i8(field::fused_activation);
    node.attributes = a;
}

const WindowAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const WindowAttributes&>(node.attributes);
}

void export_depthwise_conv2d(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::depthwise_conv2d;
    const WindowAttributes& a = attributes_of(node);
    const int64_t multiplier =
        file.graph.output(node, 0).shape.back() / file.graph.input(node, 0).shape.back();
    file.write(node, "DEPTHWISE_CONV_2D",
               {{field::padding, tflite_padding(a.same)},
                {field::stride_w, static_cast<int32_t>(a.stride_w)},
                {field::stride_h, static_cast<int32_t>(a.stride_h)},
                {field::depth_multiplier, static_cast<int32_t>(multiplier)},
                {field::fused_activation, static_cast<int8_t>(a.activation)},
                {field::dilation_w, static_cast<int32_t>(a.dilation_w)},
                {field::dilation_h, static_cast<int32_t>(a.dilation_h)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 3);
    require_outputs(node, 1);
    require_rank(graph, node, 0, 4, 4);
    require_rank(graph, node, 1, 4, 4);
    const Tensor& in = graph.input(node, 0);
    const Shape& weights = graph.input(node, 1).shape;
    check_weighted_types(graph, node, {}, weights[3], DType::i64);
    check_weighted_scales(graph, node, {}, 3);
    require_window(attributes_of(node), weights[1], weights[2]);
    const bool fits =
        weights[0] == 1 && in.shape[3] > 0 && weights[3] > 0 && weights[3] % in.shape[3] == 0;
    require_shape(fits,
                  fmt::format("input {} and weights {}", shape_text(in.shape), shape_text(weights)),
                  "weights [1, h, w, c] with a multiple of the input's channels");
    const WindowGeometry g =
        reference_window(in.shape, weights[3], weights[1], weights[2], attributes_of(node));
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = in.type;
    out.shape = {g.batches, g.out_h, g.out_w, g.out_c};
}

// ---- oracle ----

// Calls take(input index, weight index) for every product of one output, in the reference's order.
template <typename Take>
void each_product(const WindowGeometry& g, int64_t n, int64_t oy, int64_t ox, int64_t o, Take take)
{
    const int64_t channel = o / (g.out_c / g.in_c);
    for (int64_t ky = 0; ky < g.filter_h; ++ky) {
        for (int64_t kx = 0; kx < g.filter_w; ++kx) {
            const int64_t iy = oy * g.stride_h + ky * g.dilation_h - g.pad_top;
            const int64_t ix = ox * g.stride_w + kx * g.dilation_w - g.pad_left;
            if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
            take(static_cast<size_t>(((n * g.in_h + iy) * g.in_w + ix) * g.in_c + channel),
                 static_cast<size_t>((ky * g.filter_w + kx) * g.out_c + o));
        }
    }
}

// Calls make(n, y, x, o, output index) for every output.
template <typename Make> void each_output(const WindowGeometry& g, Make make)
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
    return reference_window(c.input(0).shape, w[3], w[1], w[2], attributes_of(c.node));
}

template <typename T, typename W> void eval_integer(EvalContext& c)
{
    const WindowGeometry g = geometry_of(c);
    const bool zero_points = c.input(0).type != DType::i16;
    const int32_t in_zero = zero_points ? c.input(0).quant.zero_point() : 0;
    const int32_t weight_zero = is_legacy(c.graph, c.node, 1) ? c.input(1).quant.zero_point() : 0;
    const bool wide = has_wide_accumulator(c.graph, c.node, {}, false);
    const ReferenceScaler scale(c, reference_factors(c, {}, g.out_c),
                                attributes_of(c.node).activation, wide,
                                zero_points ? c.output().quant.zero_point() : 0);
    const auto in = c.in<T>(0);
    const auto weights = c.in<W>(1);
    const std::vector<double> bias = c.raw_or_empty(2);
    const auto out = c.out<T>();
    each_output(g, [&](int64_t n, int64_t y, int64_t x, int64_t o, size_t index) {
        int64_t acc = bias.empty() ? 0 : static_cast<int64_t>(bias[static_cast<size_t>(o)]);
        each_product(g, n, y, x, o, [&](size_t i, size_t w) {
            acc += int64_t{in[i] - in_zero} * (weights[w] - weight_zero);
        });
        out[index] = static_cast<T>(scale(acc, o));
    });
}

void eval_float(EvalContext& c)
{
    const WindowGeometry g = geometry_of(c);
    const auto in = c.in<float>(0);
    const std::vector<double> weights = c.real(1);
    const auto bias = c.in_or_empty<float>(2);
    const auto out = c.out<float>();
    const reference::FloatClamp clamp = reference::float_clamp(attributes_of(c.node).activation);
    each_output(g, [&](int64_t n, int64_t y, int64_t x, int64_t o, size_t index) {
        float acc = 0.0f;
        each_product(g, n, y, x, o,
                     [&](size_t i, size_t w) { acc += in[i] * static_cast<float>(weights[w]); });
        if (!bias.empty()) acc += bias[static_cast<size_t>(o)];
        out[index] = std::min(std::max(acc, clamp.lowest), clamp.highest);
    });
}

void eval(EvalContext& c)
{
    switch (c.input(0).type) {
    case DType::i8: return eval_integer<int8_t, int8_t>(c);
    case DType::u8: return eval_integer<uint8_t, uint8_t>(c);
    case DType::i16: return eval_integer<int16_t, int8_t>(c);
    default: return eval_float(c);
    }
}

// ---- lowering ----

struct DepthwisePlan {
    WindowGeometry window;
    int64_t multiplier;
    double macs;
};

DepthwisePlan plan_of(const LowerContext& c)
{
    const Shape& w = c.input(1).shape;
    DepthwisePlan plan = {};
    plan.window =
        lowered_window(c.input(0).shape, c.output().shape, w[1], w[2], attributes_of(c.node));
    plan.multiplier = w[3] / plan.window.in_c;
    plan.macs = static_cast<double>(plan.window.pixels() * plan.window.taps() * w[3]);
    return plan;
}

// Weights become [o][ky][kx], so that a filter is contiguous.
IntegerLayer integer_plan(const LowerContext& c, const DepthwisePlan& plan)
{
    IntegerLayerOptions options;
    options.out_count = plan.window.out_c;
    options.k_count = plan.window.taps();
    options.transposed = true;
    options.factors = channel_factors(c, 0, 1, options.out_count);
    options.activation = attributes_of(c.node).activation;
    options.use_weight_zero_point = c.node.was_uint8;
    options.fold_in_zero_point = c.input(0).type == DType::i8;
    options.wide_multiply = has_wide_accumulator(c.graph, c.node, {}, false);
    return integer_layer(c, options);
}

void lower_s8(LowerContext& c, const DepthwisePlan& plan)
{
    const IntegerLayer layer = integer_plan(c, plan);
    std::vector<Variant> variants = {
        {"portable", "",
         plan.macs * 16 + static_cast<double>(plan.window.pixels() * layer.out_count) * 60, [&] {
             std::vector<Arg> args = joined(layer_args_s8(c, layer), window_args(c, plan.window));
             args.push_back(c.key(plan.multiplier));
             for (const int32_t zero_point :
                  {layer.in_zero_point, layer.weight_zero_point, layer.out_zero_point})
                 args.push_back(c.number(zero_point, "int16_t"));
             args.push_back(c.number(layer.clamp.lowest, "int16_t"));
             args.push_back(c.number(layer.clamp.highest, "int16_t"));
             c.call("thb_depthwise_conv2d_s8", std::move(args));
         }}};
    add_depthwise_variants(c, layer, plan.window, variants);
    c.choose(std::move(variants));
}

void lower_s16(LowerContext& c, const DepthwisePlan& plan)
{
    const IntegerLayer layer = integer_plan(c, plan);
    c.choose({{"portable", "", plan.macs * 14, [&] {
                   std::vector<Arg> args =
                       joined(layer_args_s16(c, layer), window_args(c, plan.window));
                   args.push_back(c.key(plan.multiplier));
                   args.push_back(c.number(layer.clamp.lowest, "int16_t"));
                   args.push_back(c.number(layer.clamp.highest, "int16_t"));
                   c.call("thb_depthwise_conv2d_s16", std::move(args));
               }}});
}

void lower_f32(LowerContext& c, const DepthwisePlan& plan)
{
    const RealClamp clamp = real_clamp(attributes_of(c.node).activation);
    const double cycles = c.target.has_float_unit ? 12 : 100;
    c.choose({{"portable", "", plan.macs * cycles, [&] {
                   std::vector<Arg> args = joined(layer_args_f32(c), window_args(c, plan.window));
                   args.push_back(c.key(plan.multiplier));
                   args.push_back(c.number(clamp.lowest));
                   args.push_back(c.number(clamp.highest));
                   c.call("thb_depthwise_conv2d_f32", std::move(args));
               }}});
}

void lower(LowerContext& c)
{
    const DepthwisePlan plan = plan_of(c);
    switch (c.input(0).type) {
    case DType::i8: return lower_s8(c, plan);
    case DType::i16: return lower_s16(c, plan);
    case DType::f32: return lower_f32(c, plan);
    default: refuse_uint8(c);
    }
}

int64_t macs(const Graph& graph, const Node& node)
{
    const Shape& w = graph.input(node, 1).shape;
    return graph.output(node, 0).count() * w[1] * w[2];
}

}  // namespace

extern const OpDef op_depthwise_conv2d;
const OpDef op_depthwise_conv2d = {
    .name = "depthwise_conv2d",
    .tflite = {{"DEPTHWISE_CONV_2D", import_depthwise_conv2d}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .macs = macs,
    .export_tflite = export_depthwise_conv2d,
    .quantization = [](const Graph& graph, const Node& node) {
        return rule_for_weights(
            graph, node, {.axis = 3, .in_axis = 3, .activation = attributes_of(node).activation});
    }};

}  // namespace thimble
