#include "ops/weighted.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

static bool is_integer_layer(DType in)
{
    return in == DType::i8 || in == DType::u8 || in == DType::i16;
}

void check_weighted_types(const Graph& graph, const Node& node, WeightedInputs inputs,
                          int64_t out_count, DType other_bias)
{
    const DType in = graph.input(node, inputs.in).type;
    const DType w = graph.input(node, inputs.weights).type;
    const bool known = (in == DType::i8 && (w == DType::i8 || w == DType::i4)) ||
                       (in == DType::u8 && w == DType::u8) ||
                       (in == DType::i16 && w == DType::i8) ||
                       (in == DType::f32 &&
                        (w == DType::f32 || w == DType::f16 || w == DType::i8 || w == DType::i4));
    if (!known)
        fail_type(fmt::format("input {} with weights {}", dtype_name(in), dtype_name(w)),
                  "int8 x int8/int4, uint8 x uint8, int16 x int8, or float32 x "
                  "float32/float16/int8/int4");
    if (!graph.has_input(node, inputs.bias)) return;
    const Tensor& bias = graph.input(node, inputs.bias);
    const bool fits = in == DType::f32   ? bias.type == DType::f32
                      : in == DType::i16 ? bias.type == DType::i64 || bias.type == other_bias
                                         : bias.type == DType::i32;
    if (!fits)
        fail_type(fmt::format("input {} with bias {}", dtype_name(in), dtype_name(bias.type)),
                  "a float32 bias for float32, int32 for int8, int64 for int16");
    require_shape(bias.count() == out_count, "bias " + shape_text(bias.shape),
                  fmt::format("{} elements, one per output", out_count));
}

static void require_constant(const Graph& graph, const Node& node, size_t input)
{
    if (!graph.has_input(node, input)) return;
    const Tensor& tensor = graph.input(node, input);
    require(tensor.is_constant(), ErrorCode::T0202,
            {"",
             fmt::format("'{}' ({}) is computed at run time", tensor.name, dtype_name(tensor.type)),
             "constant quantised weights and biases", "export the model with constant weights"});
}

// Integer weights of a float layer.
static void require_hybrid(const Tensor& weights)
{
    const bool symmetric =
        std::ranges::all_of(weights.quant.zero_points, [](int64_t z) { return z == 0; });
    require(symmetric && weights.is_constant(), ErrorCode::T0205,
            {"", fmt::format("weights '{}' of a float layer", weights.name),
             "constants with zero point 0",
             "convert the model with dynamic range or full integer quantisation"});
}

void check_weighted_scales(const Graph& graph, const Node& node, WeightedInputs inputs,
                           int64_t axis, bool computed_weights)
{
    const Tensor& in = graph.input(node, inputs.in);
    const Tensor& weights = graph.input(node, inputs.weights);
    if (is_integer(weights.type)) {
        require_quantized(graph, node, {inputs.weights});
        const auto channels = static_cast<size_t>(weights.shape.at(static_cast<size_t>(axis)));
        const bool fits = !weights.quant.per_channel() ||
                          (weights.quant.axis == axis && weights.quant.scales.size() == channels);
        require(fits, ErrorCode::T0205,
                {"",
                 fmt::format("{} weight scales along axis {}", weights.quant.scales.size(),
                             weights.quant.axis),
                 fmt::format("one, or {} along axis {}", channels, axis),
                 "quantise the model again"});
    }
    if (!is_integer_layer(in.type)) {
        if (is_integer(weights.type)) require_hybrid(weights);
        return;
    }
    require_quantized(graph, node, {inputs.in});
    require_output_quantized(graph, node);
    if (!computed_weights) require_constant(graph, node, inputs.weights);
    require_constant(graph, node, inputs.bias);
    // The reference kernels shift left by at most 7 (64-bit accumulators) or 30 bits.
    const double limit = in.type == DType::i16 ? 128.0 : 1073741824.0;
    for (size_t o = 0; o < weights.quant.scales.size(); ++o) {
        const double factor = reference_factor(graph, node, inputs, static_cast<int64_t>(o));
        require(std::isfinite(factor) && factor >= 0 && factor < limit, ErrorCode::T0205,
                {"", fmt::format("input scale x weight scale / output scale = {}", factor),
                 fmt::format("less than {}", limit), "quantise the model again"});
    }
}

bool has_wide_accumulator(const Graph& graph, const Node& node, WeightedInputs inputs, bool bias32)
{
    if (graph.input(node, inputs.in).type != DType::i16) return false;
    if (!graph.has_input(node, inputs.bias)) return !bias32;
    return graph.input(node, inputs.bias).type == DType::i64;
}

// ---- oracle ----

bool is_legacy(const Graph& graph, const Node& node, size_t weights)
{
    return node.was_uint8 || graph.input(node, weights).type == DType::u8;
}

double reference_factor(const Graph& graph, const Node& node, WeightedInputs inputs,
                        int64_t channel)
{
    const float in = graph.input(node, inputs.in).quant.scale();
    const Tensor& weights = graph.input(node, inputs.weights);
    const float weight = weights.quant.scale_at(channel);
    const double out = graph.output(node, 0).quant.scale();
    if (is_legacy(graph, node, inputs.weights)) return double{in * weight} / out;
    return double{in} * double{weight} / out;
}

std::vector<double> reference_factors(const EvalContext& c, WeightedInputs inputs,
                                      int64_t out_count)
{
    std::vector<double> factors;
    for (int64_t o = 0; o < out_count; ++o)
        factors.push_back(reference_factor(c.graph, c.node, inputs, o));
    return factors;
}

ReferenceScaler::ReferenceScaler(const EvalContext& context, const std::vector<double>& factors,
                                 int activation, bool wide, int32_t out_zero_point)
    : wide_(wide), out_zero_point_(out_zero_point)
{
    for (const double factor : factors)
        multipliers_.push_back(reference::quantize_multiplier(factor));
    const Tensor& out = context.output();
    clamp_ =
        reference::quantized_clamp(activation, out.type, out.quant.scale(), out.quant.zero_point());
}

int32_t ReferenceScaler::operator()(int64_t acc, int64_t channel) const
{
    const reference::Multiplier multiplier = multipliers_[static_cast<size_t>(channel)];
    const int32_t scaled = wide_ ? reference::multiply64(acc, multiplier)
                                 : reference::multiply(reference::wrap32(acc), multiplier);
    return reference::saturate(int64_t{scaled} + out_zero_point_, clamp_.lowest, clamp_.highest);
}

}  // namespace thimble
