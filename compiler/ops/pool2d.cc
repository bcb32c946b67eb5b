// Pooling: y[n,y,x,c] = act(max or mean over the window of x[n, y*s+ky-pad, x*s+kx-pad, c]).
//
// Places outside the input do not count. Integers keep their scale: the mean is a sum of raw values
// divided by the number of places, ties away from zero (docs/numerics.md, "Pooling"). Of int8
// layers that were uint8 the raw values are those of the file, 128 more. Source: TFLM reference
// kernel.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"
#include "ops/window.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

Pool2dAttributes import_attributes(const TfliteOperator& source, bool maximum)
{
    namespace field = tflite_field::pool2d;
    Pool2dAttributes a;
    a.maximum = maximum;
    a.filter_h = source.options.i32(field::filter_h);
    a.filter_w = source.options.i32(field::filter_w);
    a.window.same = source.options.i8(field::padding) == tflite_field::kPaddingSame;
    a.window.stride_h = source.options.i32(field::stride_h);
    a.window.stride_w = source.options.i32(field::stride_w);
    a.window.activation = source.options.i8(field::fused_activation);
    return a;
}

void import_average(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = import_attributes(source, false);
}

void import_max(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes = import_attributes(source, true);
}

const Pool2dAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const Pool2dAttributes&>(node.attributes);
}

void require_equal_scales(const Tensor& in, const Tensor& out)
{
    const bool equal = in.quant.zero_point() == out.quant.zero_point() &&
                       std::abs(double{in.quant.scale()} - double{out.quant.scale()}) <= 1e-6;
    require(equal, ErrorCode::T0205,
            {"",
             fmt::format("input scale {} zero point {}, output scale {} zero point {}",
                         in.quant.scale(), in.quant.zero_point(), out.quant.scale(),
                         out.quant.zero_point()),
             "the same scale and zero point: pooling does not rescale",
             "quantise the model again"});
}

void export_pool2d(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::pool2d;
    const Pool2dAttributes& a = attributes_of(node);
    file.write(node, a.maximum ? "MAX_POOL_2D" : "AVERAGE_POOL_2D",
               {{field::padding, tflite_padding(a.window.same)},
                {field::stride_w, static_cast<int32_t>(a.window.stride_w)},
                {field::stride_h, static_cast<int32_t>(a.window.stride_h)},
                {field::filter_w, static_cast<int32_t>(a.filter_w)},
                {field::filter_h, static_cast<int32_t>(a.filter_h)},
                {field::fused_activation, static_cast<int8_t>(a.window.activation)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    require_rank(graph, node, 0, 4, 4);
    const Tensor& in = graph.input(node, 0);
    const Pool2dAttributes& a = attributes_of(node);
    const bool is_float = in.type == DType::f32;
    if (!is_float && in.type != DType::i8 && in.type != DType::u8 && in.type != DType::i16)
        fail_type(fmt::format("input {}", dtype_name(in.type)), "float32, int8, int16 or uint8");
    require_window(a.window, a.filter_h, a.filter_w);
    Tensor& out = graph.tensor(node.outputs[0]);
    if (!is_float) {
        require_quantized(graph, node, {0});
        require_output_quantized(graph, node);
        require_equal_scales(in, out);
    }
    const WindowGeometry g =
        reference_window(in.shape, in.shape[3], a.filter_h, a.filter_w, a.window);
    out.type = in.type;
    out.shape = {g.batches, g.out_h, g.out_w, g.out_c};
}

// ---- oracle ----

// The elements of each window, in the order row, column: make(output index, elements).
template <typename T, typename Make> void each_window(const EvalContext& c, Make make)
{
    const Pool2dAttributes& a = attributes_of(c.node);
    const WindowGeometry g =
        reference_window(c.input(0).shape, c.input(0).shape[3], a.filter_h, a.filter_w, a.window);
    const auto in = c.in<T>(0);
    size_t index = 0;
    std::vector<T> elements;
    for (int64_t at = 0; at < g.pixels() * g.out_c; ++at) {
        const int64_t channel = at % g.out_c;
        const int64_t left = at / g.out_c % g.out_w * g.stride_w - g.pad_left;
        const int64_t top = at / g.out_c / g.out_w % g.out_h * g.stride_h - g.pad_top;
        const int64_t n = at / g.out_c / g.out_w / g.out_h;
        elements.clear();
        for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + g.filter_h, g.in_h); ++y)
            for (int64_t x = std::max<int64_t>(left, 0); x < std::min(left + g.filter_w, g.in_w);
                 ++x)
                elements.push_back(
                    in[static_cast<size_t>(((n * g.in_h + y) * g.in_w + x) * g.in_c + channel)]);
        make(index++, elements);
    }
}

template <typename T> void eval_integer(EvalContext& c)
{
    const Pool2dAttributes& a = attributes_of(c.node);
    const Tensor& output = c.output();
    const reference::Clamp clamp = reference::quantized_clamp(
        a.window.activation, output.type, output.quant.scale(), output.quant.zero_point());
    const int64_t offset = c.node.was_uint8 ? 128 : 0;
    const auto out = c.out<T>();
    each_window<T>(c, [&](size_t index, const std::vector<T>& elements) {
        const auto count = static_cast<int64_t>(elements.size());
        int64_t result = 0;
        if (a.maximum) {
            result = *std::ranges::max_element(elements);
        } else {
            int64_t sum = 0;
            for (const T element : elements) sum += element + offset;
            result = (sum > 0 ? sum + count / 2 : sum - count / 2) / count - offset;
        }
        out[index] = static_cast<T>(reference::saturate(result, clamp.lowest, clamp.highest));
    });
}

void eval_float(EvalContext& c)
{
    const Pool2dAttributes& a = attributes_of(c.node);
    const reference::FloatClamp clamp = reference::float_clamp(a.window.activation);
    const auto out = c.out<float>();
    each_window<float>(c, [&](size_t index, const std::vector<float>& elements) {
        float result = a.maximum ? -FLT_MAX : 0.0f;
        for (const float element : elements)
            result = a.maximum ? std::max(result, element) : result + element;
        if (!a.maximum) result /= static_cast<float>(elements.size());
        out[index] = std::min(std::max(result, clamp.lowest), clamp.highest);
    });
}

void eval(EvalContext& c)
{
    switch (c.input(0).type) {
    case DType::i8: return eval_integer<int8_t>(c);
    case DType::u8: return eval_integer<uint8_t>(c);
    case DType::i16: return eval_integer<int16_t>(c);
    default: return eval_float(c);
    }
}

// ---- lowering ----

Arg as_void(Arg arg, const char* c_type)
{
    arg.c_type = c_type;
    return arg;
}

void lower_integer(LowerContext& c, const WindowGeometry& g)
{
    const Pool2dAttributes& a = attributes_of(c.node);
    const DType type = c.input(0).type;
    const char* key = type == DType::i16  ? "THB_POOL_S16"
                      : type == DType::u8 ? "THB_POOL_U8"
                                          : "THB_POOL_S8";
    const StoredClamp clamp = stored_clamp(a.window.activation, c.output());
    std::vector<Arg> args = {as_void(c.in(0), "const void*"), c.key_text(key),
                             c.key(int64_t{a.maximum}), c.key(int64_t{c.node.was_uint8 ? 128 : 0}),
                             as_void(c.out(), "void*")};
    args = joined(args, window_args(c, g));
    args.push_back(c.number(clamp.lowest, "int16_t"));
    args.push_back(c.number(clamp.highest, "int16_t"));
    c.call("thb_pool2d_int", std::move(args));
}

void lower_float(LowerContext& c, const WindowGeometry& g)
{
    const Pool2dAttributes& a = attributes_of(c.node);
    const RealClamp clamp = real_clamp(a.window.activation);
    std::vector<Arg> args = {c.in(0), c.key(int64_t{a.maximum}), c.out()};
    args = joined(args, window_args(c, g));
    args.push_back(c.number(clamp.lowest));
    args.push_back(c.number(clamp.highest));
    c.call("thb_pool2d_f32", std::move(args));
}

void lower(LowerContext& c)
{
    const Pool2dAttributes& a = attributes_of(c.node);
    const WindowGeometry g =
        lowered_window(c.input(0).shape, c.output().shape, a.filter_h, a.filter_w, a.window);
    const double cost = static_cast<double>(g.pixels() * g.out_c * g.taps()) * 8;
    c.choose({{"portable", "", cost, [&] {
                   if (c.input(0).type == DType::f32) lower_float(c, g);
                   else lower_integer(c, g);
               }}});
}

}  // namespace

extern const OpDef op_pool2d;
const OpDef op_pool2d = {
    .name = "pool2d",
    .tflite = {{"AVERAGE_POOL_2D", import_average}, {"MAX_POOL_2D", import_max}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .export_tflite = export_pool2d,
    .quantization = rule_for_moves};

}  // namespace thimble
