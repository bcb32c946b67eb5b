// Transposed 2-D convolution: y[n, iy*s+ky-pad, ix*s+kx-pad, o] += x[n,iy,ix,c] * w[o,ky,kx,c];
// then bias and act.
//
// Inputs: 0 the output's shape, 1 weights [o, ky, kx, c], 2 activations, 3 optional bias. What
// falls outside of the output is dropped. Arithmetic as in conv2d.cc, but 16-bit activations always
// have a 64-bit accumulator, and their bias may be int16. Source: TFLM reference kernel.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/legacy_uint8.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"
#include "ops/weighted.h"
#include "ops/weights.h"
#include "ops/window.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr WeightedInputs kInputs = {.in = 2, .weights = 1, .bias = 3};

void import_transpose_conv(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::transpose_conv;
    WindowAttributes a;
    a.same = source.options.i8(field::padding) == tflite_field::kPaddingSame;
    a.stride_h = source.options.i32(field::stride_h);
    a.stride_w = source.options.i32(field::stride_w);
    a.activation = source.options.i8(field::fused_activation);
    node.attributes = a;
}

const WindowAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const WindowAttributes&>(node.attributes);
}

// The constant of input 0. A shape that is computed at run time (from the batch, most often) is
// taken from the file's output tensor instead, if it is one that this layer can have.
Shape output_shape(const Graph& graph, const Node& node)
{
    const Tensor& tensor = graph.input(node, 0);
    if (tensor.type != DType::i32)
        fail_type(fmt::format("output shape {}", dtype_name(tensor.type)), "int32");
    const auto is_sane = [](const Shape& shape) {
        double elements = 1;
        for (const int64_t d : shape) elements *= d > 0 ? static_cast<double>(d) : 0;
        return shape.size() == 4 && elements > 0 && elements <= INT32_MAX;
    };
    if (tensor.is_constant()) {
        require_shape(is_sane(tensor.integers()), "output " + shape_text(tensor.integers()),
                      "[n, h, w, c] above 0, at most 2^31 elements");
        return tensor.integers();
    }
    const Shape& stated = graph.output(node, 0).shape;
    const Shape& in = graph.input(node, 2).shape;
    const Shape& weights = graph.input(node, 1).shape;
    bool fits = is_sane(stated);
    if (fits) {
        const WindowGeometry g =
            reference_window(stated, in[3], weights[1], weights[2], attributes_of(node));
        fits = g.out_h == in[1] && g.out_w == in[2];
    }
    require(fits, ErrorCode::T0204,
            {"",
             fmt::format("the output shape '{}' is computed at run time, and the file states {}",
                         tensor.name, shape_text(stated)),
             "a constant shape", "export the model with fixed shapes"});
    return stated;
}

void export_transpose_conv(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::transpose_conv;
    const WindowAttributes& a = attributes_of(node);
    file.write(node, "TRANSPOSE_CONV",
               {{field::padding, tflite_padding(a.same)},
                {field::stride_w, static_cast<int32_t>(a.stride_w)},
                {field::stride_h, static_cast<int32_t>(a.stride_h)},
                {field::fused_activation, static_cast<int8_t>(a.activation)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 4);
    require_outputs(node, 1);
    require_rank(graph, node, 1, 4, 4);
    require_rank(graph, node, 2, 4, 4);
    const Tensor& in = graph.input(node, 2);
    const Shape& weights = graph.input(node, 1).shape;
    check_weighted_types(graph, node, kInputs, weights[0], DType::i16);
    check_weighted_scales(graph, node, kInputs, 0);
    require_window(attributes_of(node), weights[1], weights[2]);
    const Shape shape = output_shape(graph, node);
    const std::string found = fmt::format("input {}, weights {}, output {}", shape_text(in.shape),
                                          shape_text(weights), shape_text(shape));
    const bool fits = shape.size() == 4 && shape[0] == in.shape[0] && shape[3] == weights[0] &&
                      weights[3] == in.shape[3];
    require_shape(
        fits, found,
        "weights [output channels, h, w, input channels], output [batch, h, w, output channels]");
    require_shape(in.count() > 0, found, "dimensions above 0");
    reference_window(shape, in.shape[3], weights[1], weights[2], attributes_of(node));
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = in.type;
    out.shape = shape;
}

// ---- oracle ----

// Calls add(output pixel * out channels, input index, weight index of output channel 0) in the
// order of the reference: input rows, columns, channels, then filter rows, columns.
template <typename Add> void each_product(const EvalContext& c, Add add)
{
    const Shape& in = c.input(2).shape;
    const Shape& w = c.input(1).shape;
    const Shape& out = c.output().shape;
    const WindowAttributes& a = attributes_of(c.node);
    const WindowGeometry g = reference_window(out, in[3], w[1], w[2], a);
    for (int64_t i = 0; i < c.input(2).count(); ++i) {
        const int64_t channel = i % in[3];
        const int64_t left = i / in[3] % in[2] * a.stride_w - g.pad_left;
        const int64_t top = i / in[3] / in[2] % in[1] * a.stride_h - g.pad_top;
        const int64_t n = i / in[3] / in[2] / in[1];
        for (int64_t ky = 0; ky < w[1]; ++ky) {
            for (int64_t kx = 0; kx < w[2]; ++kx) {
                const int64_t y = top + ky, x = left + kx;
                if (y < 0 || y >= out[1] || x < 0 || x >= out[2]) continue;
                add(((n * out[1] + y) * out[2] + x) * out[3], i, (ky * w[2] + kx) * w[3] + channel);
            }
        }
    }
}

template <typename T, typename W> void eval_integer(EvalContext& c)
{
    const Shape& w = c.input(1).shape;
    const bool zero_points = c.input(2).type != DType::i16;
    const int32_t in_zero = zero_points ? c.input(2).quant.zero_point() : 0;
    const int32_t weight_zero = is_legacy(c.graph, c.node, 1) ? c.input(1).quant.zero_point() : 0;
    const auto in = c.in<T>(2);
    const auto weights = c.in<W>(1);
    const std::vector<double> bias = c.raw_or_empty(3);
    const auto out = c.out<T>();
    std::vector<int64_t> sums(out.size(), 0);
    const int64_t filter = w[1] * w[2] * w[3];
    each_product(c, [&](int64_t pixel, int64_t i, int64_t tap) {
        const int64_t value = int64_t{in[static_cast<size_t>(i)]} - in_zero;
        for (int64_t o = 0; o < w[0]; ++o)
            sums[static_cast<size_t>(pixel + o)] +=
                value * (weights[static_cast<size_t>(o * filter + tap)] - weight_zero);
    });
    const ReferenceScaler scale(c, reference_factors(c, kInputs, w[0]),
                                attributes_of(c.node).activation, !zero_points,
                                zero_points ? c.output().quant.zero_point() : 0);
    for (size_t at = 0; at < out.size(); ++at) {
        const auto channel = static_cast<int64_t>(at) % w[0];
        const int64_t acc =
            sums[at] +
            (bias.empty() ? 0 : static_cast<int64_t>(bias[static_cast<size_t>(channel)]));
        out[at] = static_cast<T>(scale(acc, channel));
    }
}

void eval_float(EvalContext& c)
{
    const Shape& w = c.input(1).shape;
    const auto in = c.in<float>(2);
    const std::vector<double> weights = c.real(1);
    const auto bias = c.in_or_empty<float>(3);
    const auto out = c.out<float>();
    const reference::FloatClamp clamp = reference::float_clamp(attributes_of(c.node).activation);
    const int64_t filter = w[1] * w[2] * w[3];
    std::ranges::fill(out, 0.0f);
    each_product(c, [&](int64_t pixel, int64_t i, int64_t tap) {
        for (int64_t o = 0; o < w[0]; ++o)
            out[static_cast<size_t>(pixel + o)] +=
                in[static_cast<size_t>(i)] *
                static_cast<float>(weights[static_cast<size_t>(o * filter + tap)]);
    });
    for (size_t at = 0; at < out.size(); ++at) {
        if (!bias.empty()) out[at] += bias[at % static_cast<size_t>(w[0])];
        out[at] = std::min(std::max(out[at], clamp.lowest), clamp.highest);
    }
}

void eval(EvalContext& c)
{
    switch (c.input(2).type) {
    case DType::i8: return eval_integer<int8_t, int8_t>(c);
    case DType::u8: return eval_integer<uint8_t, uint8_t>(c);
    case DType::i16: return eval_integer<int16_t, int8_t>(c);
    default: return eval_float(c);
    }
}

// ---- lowering ----

// Seen backwards: the window slides over the output.
struct TransposePlan {
    WindowGeometry window;
    double macs;
};

TransposePlan plan_of(const LowerContext& c)
{
    const Shape& w = c.input(1).shape;
    const Shape& out = c.output().shape;
    const WindowAttributes& a = attributes_of(c.node);
    const auto places = [&](int64_t size, int64_t filter, int64_t stride) {
        return a.same ? (size + stride - 1) / stride : (size + stride - filter) / stride;
    };
    Shape seen = c.input(2).shape;
    seen[1] = places(out[1], w[1], a.stride_h);
    seen[2] = places(out[2], w[2], a.stride_w);
    TransposePlan plan = {lowered_window(out, seen, w[1], w[2], a), 0};
    plan.window.in_h = c.input(2).shape[1], plan.window.in_w = c.input(2).shape[2],
    plan.window.in_c = w[3];
    plan.window.out_h = out[1], plan.window.out_w = out[2], plan.window.out_c = w[0];
    plan.window.stride_h = a.stride_h, plan.window.stride_w = a.stride_w;
    plan.macs = static_cast<double>(c.input(2).count() * w[0] * w[1] * w[2]);
    return plan;
}

std::vector<Arg> shape_args(LowerContext& c, const WindowGeometry& g)
{
    std::vector<Arg> args;
    for (const int64_t size : {g.batches, g.in_h, g.in_w, g.in_c, g.out_h, g.out_w, g.out_c})
        args.push_back(c.number(size, "thb_index_t"));
    for (const int64_t fixed : {g.filter_h, g.filter_w, g.stride_h, g.stride_w})
        args.push_back(c.key(fixed));
    for (const int64_t pad : {g.pad_top, g.pad_left}) args.push_back(c.number(pad, "thb_index_t"));
    return args;
}

void lower_integer(LowerContext& c, const TransposePlan& plan)
{
    const bool wide = c.input(2).type == DType::i16;
    IntegerLayerOptions options;
    options.in = 2, options.weights = 1, options.bias = 3;
    options.out_count = plan.window.out_c;
    options.k_count = plan.window.taps() * plan.window.in_c;
    options.factors = channel_factors(c, 2, 1, options.out_count);
    options.activation = attributes_of(c.node).activation;
    options.use_weight_zero_point = c.node.was_uint8;
    options.fold_in_zero_point = false;
    options.wide_multiply = wide;
    const IntegerLayer layer = integer_layer(c, options);
    c.choose({{"portable", "", plan.macs * 12, [&] {
                   std::vector<Arg> args =
                       wide ? layer_args_s16(c, layer, 2, 1) : layer_args_s8(c, layer, 2, 1);
                   args = joined(args, shape_args(c, plan.window));
                   if (!wide)
                       for (const int32_t zero_point :
                            {layer.in_zero_point, layer.weight_zero_point, layer.out_zero_point})
                           args.push_back(c.number(zero_point, "int16_t"));
                   args.push_back(c.number(layer.clamp.lowest, "int16_t"));
                   args.push_back(c.number(layer.clamp.highest, "int16_t"));
                   c.call(wide ? "thb_transpose_conv_s16" : "thb_transpose_conv_s8",
                          std::move(args));
               }}});
}

void lower_f32(LowerContext& c, const TransposePlan& plan)
{
    const RealClamp clamp = real_clamp(attributes_of(c.node).activation);
    const double cycles = c.target.has_float_unit ? 12 : 100;
    c.choose({{"portable", "", plan.macs * cycles, [&] {
                   std::vector<Arg> args =
                       joined(layer_args_f32(c, 2, 1, 3), shape_args(c, plan.window));
                   args.push_back(c.number(clamp.lowest));
                   args.push_back(c.number(clamp.highest));
                   c.call("thb_transpose_conv_f32", std::move(args));
               }}});
}

void lower(LowerContext& c)
{
    if (c.input(2).type == DType::f32) return lower_f32(c, plan_of(c));
    if (c.input(2).type == DType::u8) refuse_uint8(c);
    lower_integer(c, plan_of(c));
}

int64_t macs(const Graph& graph, const Node& node)
{
    const Shape& w = graph.input(node, 1).shape;
    return graph.input(node, 2).count() * w[0] * w[1] * w[2];
}

}  // namespace

extern const OpDef op_transpose_conv;
const OpDef op_transpose_conv = {.name = "transpose_conv",
                                 .tflite = {{"TRANSPOSE_CONV", import_transpose_conv}},
                                 .infer = infer,
                                 .eval = eval,
                                 .lower = lower,
                                 .macs = macs,
                                 .export_tflite = export_transpose_conv,
                                 .quantization = [](const Graph& graph, const Node& node) {
                                     return rule_for_weights(
                                         graph, node,
                                         {.in = kInputs.in,
                                          .weights = kInputs.weights,
                                          .bias = kInputs.bias,
                                          .in_axis = 3,
                                          .activation = attributes_of(node).activation});
                                 }};

}  // namespace thimble
