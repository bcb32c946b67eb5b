#include "ops/weights.h"

#include "base/error.h"
#include "ops/window.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace thimble {

bool IntegerLayer::sums_fit_int32() const
{
    // 16-bit activations: the largest magnitude is 32,768.
    for (int64_t o = 0; o < out_count; ++o) {
        int64_t sum = 0;
        for (int64_t k = 0; k < k_count; ++k)
            sum += std::abs(int64_t{weights[static_cast<size_t>(o * k_count + k)]} -
                            weight_zero_point);
        if (sum * 32768 > INT32_MAX) return false;
    }
    return true;
}

bool IntegerLayer::bias_fits_int32() const
{
    return std::ranges::all_of(bias, [](int64_t b) { return b >= INT32_MIN && b <= INT32_MAX; });
}

static void read_weights(const Tensor& tensor, bool use_zero_point, IntegerLayer& layer)
{
    const int32_t zero_point = tensor.quant.per_channel() ? 0 : tensor.quant.zero_point();
    const std::span<const int8_t> weights = tensor.values<int8_t>();
    layer.weights.assign(weights.begin(), weights.end());
    layer.nibbles = tensor.type == DType::i4;
    layer.weight_zero_point = use_zero_point ? zero_point : 0;
    if (layer.weight_zero_point != 0) layer.nibbles = false;
}

// [k][o] to [o][k].
static std::vector<int8_t> transposed(const std::vector<int8_t>& weights, int64_t out_count)
{
    const auto columns = static_cast<size_t>(out_count);
    std::vector<int8_t> result;
    for (size_t o = 0; o < columns; ++o)
        for (size_t at = o; at < weights.size(); at += columns) result.push_back(weights[at]);
    return result;
}

// Kernels for int8 sum in int32 without a check: whatever the input, no partial sum may leave it.
// Activations, less their zero point if that is not folded, are at most 128 or 255 in magnitude.
static void require_sums_in_int32(const LowerContext& c, const IntegerLayer& layer, bool folded)
{
    for (int64_t o = 0; o < layer.out_count; ++o) {
        int64_t sum = 0;
        for (int64_t k = 0; k < layer.k_count; ++k)
            sum += std::abs(int64_t{layer.weights[static_cast<size_t>(o * layer.k_count + k)]} -
                            layer.weight_zero_point);
        const int64_t bound =
            std::abs(layer.bias[static_cast<size_t>(o)]) + sum * (folded ? 128 : 255);
        require(bound <= INT32_MAX, ErrorCode::T0205,
                {c.node.name, fmt::format("sums of output channel {} can reach {}", o, bound),
                 "sums that fit 32 bits", "quantise the model again: its bias is out of range"});
    }
}

IntegerLayer integer_layer(const LowerContext& c, const IntegerLayerOptions& options)
{
    IntegerLayer layer;
    layer.out_count = options.out_count;
    layer.k_count = options.k_count;
    read_weights(c.input(options.weights), options.use_weight_zero_point, layer);
    THIMBLE_CHECK(static_cast<int64_t>(layer.weights.size()) == layer.out_count * layer.k_count,
                  c.node.name);
    if (options.transposed) layer.weights = transposed(layer.weights, layer.out_count);
    layer.bias.assign(static_cast<size_t>(layer.out_count), 0);
    if (c.has_input(options.bias)) layer.bias = c.input(options.bias).integers();
    layer.in_zero_point = c.input(options.in).quant.zero_point();
    if (options.fold_in_zero_point) {
        for (int64_t o = 0; o < layer.out_count; ++o) {
            int64_t sum = 0;
            for (int64_t k = 0; k < layer.k_count; ++k)
                sum += layer.weights[static_cast<size_t>(o * layer.k_count + k)] -
                       layer.weight_zero_point;
            layer.bias[static_cast<size_t>(o)] -= layer.in_zero_point * sum;
        }
    }
    if (c.input(options.in).type == DType::i8)
        require_sums_in_int32(c, layer, options.fold_in_zero_point);
    layer.out_zero_point = c.output().quant.zero_point();
    layer.wide_multiply = options.wide_multiply;
    layer.requant = requant_tables(options.factors, options.wide_multiply);
    layer.clamp = stored_clamp(options.activation, c.output());
    return layer;
}

std::vector<double> channel_factors(const LowerContext& c, size_t in, size_t weights,
                                    int64_t out_count)
{
    const bool legacy = c.node.was_uint8;
    const float in_scale = c.input(in).quant.scale();
    std::vector<double> factors;
    for (int64_t o = 0; o < out_count; ++o) {
        const float weight_scale = c.input(weights).quant.scale_at(o);
        const double product =
            legacy ? double{in_scale * weight_scale} : double{in_scale} * double{weight_scale};
        factors.push_back(product / double{c.output().quant.scale()});
    }
    return factors;
}

std::vector<uint8_t> pack_int4(std::span<const int8_t> values)
{
    std::vector<uint8_t> packed((values.size() + 1) / 2, 0);
    for (size_t i = 0; i < values.size(); ++i)
        packed[i / 2] = static_cast<uint8_t>(packed[i / 2] | (values[i] & 15) << (i % 2 * 4));
    return packed;
}

static Arg as_void(Arg arg)
{
    arg.c_type = "const void*";
    return arg;
}

static std::vector<Arg> weight_args(LowerContext& c, const IntegerLayer& layer,
                                    const std::string& name)
{
    if (layer.nibbles)
        return {as_void(c.table(pack_int4(layer.weights), name)), c.key_text("THB_WEIGHTS_S4")};
    const char* format = layer.weight_zero_point == 0 ? "THB_WEIGHTS_S8" : "THB_WEIGHTS_S8_OFFSET";
    return {as_void(c.table(layer.weights, name)), c.key_text(format)};
}

static std::vector<Arg> requant_args(LowerContext& c, const RequantTables& requant)
{
    return {c.table(requant.multipliers, "multipliers of " + c.node.name, false),
            c.table(requant.shifts, "shifts of " + c.node.name, false),
            c.key(int64_t{requant.per_channel()})};
}

// 32-bit arithmetic wraps, as that of the reference does.
static std::vector<int32_t> narrow(const std::vector<int64_t>& values)
{
    std::vector<int32_t> result;
    for (const int64_t value : values)
        result.push_back(static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(value))));
    return result;
}

std::vector<Arg> layer_args_s8(LowerContext& c, const IntegerLayer& layer, size_t in,
                               size_t weights)
{
    std::vector<Arg> args = {c.in(in)};
    args = joined(args, weight_args(c, layer, c.input(weights).name));
    args.push_back(c.table(narrow(layer.bias), "bias of " + c.node.name));
    args = joined(args, requant_args(c, layer.requant));
    args.push_back(c.out());
    return args;
}

std::vector<Arg> layer_args_s16(LowerContext& c, const IntegerLayer& layer, size_t in,
                                size_t weights)
{
    const bool wide_bias = !layer.bias_fits_int32();
    const std::string purpose = "bias of " + c.node.name;
    std::vector<Arg> args = {c.in(in)};
    args = joined(args, weight_args(c, layer, c.input(weights).name));
    args.push_back(
        as_void(wide_bias ? c.table(layer.bias, purpose) : c.table(narrow(layer.bias), purpose)));
    args.push_back(c.key(int64_t{wide_bias}));
    args.push_back(c.key(int64_t{!layer.sums_fit_int32()}));
    args = joined(args, requant_args(c, layer.requant));
    args.push_back(c.key(int64_t{layer.wide_multiply}));
    args.push_back(c.out());
    return args;
}

FloatWeights float_weights(LowerContext& c, size_t input)
{
    const Tensor& tensor = c.input(input);
    FloatWeights result;
    result.scales = c.null("const float*");
    result.per_channel = c.key(int64_t{0});
    switch (tensor.type) {
    case DType::f16: result.format = c.key_text("THB_WEIGHTS_F16"); break;
    case DType::i8: result.format = c.key_text("THB_WEIGHTS_S8"); break;
    case DType::i4: result.format = c.key_text("THB_WEIGHTS_S4"); break;
    default: result.format = c.key_text("THB_WEIGHTS_F32");
    }
    const bool packed = tensor.type == DType::i4;
    result.data =
        as_void(packed ? c.table(pack_int4(tensor.values<int8_t>()), tensor.name) : c.in(input));
    if (is_integer(tensor.type)) {
        result.scales = c.table(tensor.quant.scales, "scales of " + tensor.name, false);
        result.per_channel = c.key(int64_t{tensor.quant.per_channel()});
    }
    return result;
}

std::vector<Arg> layer_args_f32(LowerContext& c, size_t in, size_t weights, size_t bias)
{
    const FloatWeights w = float_weights(c, weights);
    const bool biased = c.has_input(bias);
    return {c.in(in),
            w.data,
            w.format,
            c.in_flash(weights),
            w.scales,
            w.per_channel,
            biased ? c.in(bias) : c.null("const float*"),
            biased ? c.in_flash(bias) : c.key(int64_t{0}),
            c.out()};
}

}  // namespace thimble
