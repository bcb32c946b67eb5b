// Dense layer factored in two, with a memory (SVDF): F filters look at the newest input, their last
// N results are the state, and each filter weighs its own memory:
//
//   state[n,f,:] = the last N values of sum_i x[n,i] * w_feature[f,i]
//   y[n,u] = act(b[u] + sum_r sum_j state[n, u*rank + r, j] * w_time[u*rank + r, j])
//
// Inputs: x [n,i], w_feature [f,i], w_time [f,N], optional bias [f/rank], state [n, f*N] (a
// variable tensor, per filter oldest first). Arithmetic (docs/numerics.md, "SVDF"):
//   int8 with int8 or int16 state and time weights   int32 accumulators; the fused activation is
//                                                    realised by the output's range alone
//   float32 x float32, float16, int8, int4           float on dequantised weights
// Source: Nakkiran et al. 2015, "Compressing Deep Neural Networks using a Rank-Constrained
// Topology"; TFLM reference kernel.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/op.h"
#include "ops/tflite_export.h"
#include "ops/weights.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kInput, kFeatureWeights, kTimeWeights, kBias, kState };

struct SvdfAttributes {
    int64_t rank = 1;
    int activation = 0;
};

void import_svdf(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::svdf;
    node.attributes = SvdfAttributes{source.options.i32(field::rank),
                                     source.options.i8(field::fused_activation)};
}

struct SvdfSizes {
    int64_t batches, in_count, filters, memory, rank, units;
};

SvdfSizes sizes_of(const Graph& graph, const Node& node)
{
    const Shape& feature = graph.input(node, kFeatureWeights).shape;
    const int64_t rank = std::any_cast<const SvdfAttributes&>(node.attributes).rank;
    return {.batches = graph.input(node, kInput).count() / feature.at(1),
            .in_count = feature.at(1),
            .filters = feature.at(0),
            .memory = graph.input(node, kTimeWeights).shape.at(1),
            .rank = rank,
            .units = feature.at(0) / rank};
}

void check_types(const Graph& graph, const Node& node)
{
    const auto type = [&](size_t input) { return graph.input(node, input).type; };
    const auto weight = [](DType t) {
        return t == DType::f32 || t == DType::f16 || t == DType::i8 || t == DType::i4;
    };
    const DType time = type(kTimeWeights);
    const bool integer = type(kInput) == DType::i8 && type(kFeatureWeights) == DType::i8 &&
                         (time == DType::i8 || time == DType::i16) && type(kState) == time;
    const bool real = type(kInput) == DType::f32 && weight(type(kFeatureWeights)) && weight(time) &&
                      type(kState) == DType::f32;
    if (!integer && !real)
        fail_type(fmt::format("input {}, weights {} and {}, state {}", dtype_name(type(kInput)),
                              dtype_name(type(kFeatureWeights)), dtype_name(time),
                              dtype_name(type(kState))),
                  "int8 x int8 with int8 or int16 time weights and state, or float32");
    for (const size_t input : {kFeatureWeights, kTimeWeights}) {
        require(
            graph.input(node, input).is_constant(), ErrorCode::T0202,
            {"",
             fmt::format("weights '{}' are computed at run time", graph.input(node, input).name),
             "constant weights", "export the model with frozen weights"});
        if (is_integer(type(input))) require_quantized(graph, node, {input});
        require(
            !integer || !graph.input(node, input).quant.per_channel(), ErrorCode::T0202,
            {"",
             fmt::format("weights '{}' have one scale a channel", graph.input(node, input).name),
             "one scale a tensor", "convert the model with per-tensor quantisation"});
    }
    if (integer) require_quantized(graph, node, {kInput, kState});
    if (graph.has_input(node, kBias)) {
        const DType expected = integer ? DType::i32 : DType::f32;
        if (type(kBias) != expected)
            fail_type(fmt::format("bias {}", dtype_name(type(kBias))),
                      std::string(dtype_name(expected)));
        require(!integer || graph.input(node, kBias).is_constant(), ErrorCode::T0202,
                {"", "a bias that is computed at run time", "a constant bias",
                 "export the model with frozen weights"});
    }
}

void check_shapes(const Graph& graph, const Node& node)
{
    require_rank(graph, node, kInput, 2, 2);
    require_rank(graph, node, kFeatureWeights, 2, 2);
    require_rank(graph, node, kTimeWeights, 2, 2);
    const Shape& in = graph.input(node, kInput).shape;
    const Shape& feature = graph.input(node, kFeatureWeights).shape;
    const Shape& time = graph.input(node, kTimeWeights).shape;
    const auto& attributes = std::any_cast<const SvdfAttributes&>(node.attributes);
    require_shape(element_count(in) > 0 && element_count(feature) > 0 && element_count(time) > 0,
                  "an empty tensor", "at least one element");
    require_shape(
        feature[1] == in[1],
        fmt::format("input {} and feature weights {}", shape_text(in), shape_text(feature)),
        fmt::format("{} weights a filter", in[1]));
    require_shape(time[0] == feature[0],
                  fmt::format("feature weights {} and time weights {}", shape_text(feature),
                              shape_text(time)),
                  fmt::format("{} filters", feature[0]));
    require_shape(attributes.rank > 0 && feature[0] % attributes.rank == 0,
                  fmt::format("rank {} for {} filters", attributes.rank, feature[0]),
                  "a divisor of the number of filters");
    const SvdfSizes size = sizes_of(graph, node);
    const Tensor& state = graph.input(node, kState);
    require_shape(state.count() == size.batches * size.filters * size.memory,
                  "state " + shape_text(state.shape),
                  shape_text({size.batches, size.filters * size.memory}));
    if (graph.has_input(node, kBias))
        require_shape(graph.input(node, kBias).count() == size.units,
                      "bias " + shape_text(graph.input(node, kBias).shape),
                      fmt::format("{} elements", size.units));
}

void export_svdf(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::svdf;
    const auto& a = std::any_cast<const SvdfAttributes&>(node.attributes);
    file.write(node, "SVDF",
               {{field::rank, static_cast<int32_t>(a.rank)},
                {field::fused_activation, static_cast<int8_t>(a.activation)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 5);
    require(graph.has_input(node, kState) && graph.input(node, kState).kind == TensorKind::state,
            ErrorCode::T0203,
            {"", "input 4 is no variable tensor", "the layer's memory as a variable tensor",
             "export the model again"});
    require_outputs(node, 1);
    check_types(graph, node);
    check_shapes(graph, node);
    const auto& attributes = std::any_cast<const SvdfAttributes&>(node.attributes);
    require(attributes.activation >= 0 && attributes.activation <= 3, ErrorCode::T0202,
            {"", fmt::format("fused activation {}", attributes.activation),
             "none, RELU, RELU_N1_TO_1 or RELU6",
             "train the model with the activation as a layer of its own"});
    const SvdfSizes size = sizes_of(graph, node);
    Tensor& out = graph.tensor(node.outputs[0]);
    out.shape = {size.batches, size.units};
    out.type = graph.input(node, kInput).type;
    if (out.type == DType::i8) require_output_quantized(graph, node);
}

// ---- oracle ----

// Drops the oldest element of the whole state; the last place of every filter is then overwritten.
template <typename T> void age(std::span<T> state)
{
    std::shift_left(state.begin(), state.end(), 1);
}

template <typename S> void eval_integer(EvalContext& c)
{
    const SvdfSizes size = sizes_of(c.graph, c.node);
    const auto in = c.in<int8_t>(kInput);
    const auto feature = c.in<int8_t>(kFeatureWeights);
    const auto time = c.in<S>(kTimeWeights);
    const auto bias = c.in_or_empty<int32_t>(kBias);
    const auto state = c.state<S>(kState);
    const auto out = c.out<int8_t>();
    const Quantization& q = c.input(kState).quant;
    const float feature_product = c.input(kInput).quant.scale() *
                                  c.input(kFeatureWeights).quant.scale();
    const float time_product = q.scale() * c.input(kTimeWeights).quant.scale();
    const float feature_factor = feature_product / q.scale();
    const float time_factor = time_product / c.output().quant.scale();
    const reference::Multiplier m1 = reference::quantize_multiplier(
        static_cast<double>(feature_factor));
    const reference::Multiplier m2 = reference::quantize_multiplier(
        static_cast<double>(time_factor));
    const reference::Clamp limits = reference::type_limits(c.input(kState).type);
    age(state);
    for (int64_t n = 0; n < size.batches; ++n) {
        for (int64_t f = 0; f < size.filters; ++f) {
            int64_t sum = 0;
            for (int64_t i = 0; i < size.in_count; ++i)
                sum += int64_t{feature[static_cast<size_t>(f * size.in_count + i)]} *
                       (in[static_cast<size_t>(n * size.in_count + i)] -
                        c.input(kInput).quant.zero_point());
            const int32_t scaled = reference::multiply(reference::wrap32(sum), m1);
            const int32_t clamped = reference::saturate(scaled, limits.lowest, limits.highest);
            state[static_cast<size_t>((n * size.filters + f) * size.memory + size.memory - 1)] =
                static_cast<S>(clamped + q.zero_point());
        }
        for (int64_t u = 0; u < size.units; ++u) {
            int64_t acc = bias.empty() ? 0 : bias[static_cast<size_t>(u)];
            for (int64_t k = u * size.rank * size.memory; k < (u + 1) * size.rank * size.memory;
                 ++k)
                acc += int64_t{time[static_cast<size_t>(k)]} *
                       (state[static_cast<size_t>(n * size.filters * size.memory + k)] -
                        q.zero_point());
            const int32_t scaled = reference::multiply(reference::wrap32(acc), m2);
            out[static_cast<size_t>(n * size.units + u)] = static_cast<int8_t>(
                reference::saturate(int64_t{scaled} + c.output().quant.zero_point(), -128, 127));
        }
    }
}

void eval_float(EvalContext& c)
{
    const SvdfSizes size = sizes_of(c.graph, c.node);
    const auto in = c.in<float>(kInput);
    const std::vector<double> feature = c.real(kFeatureWeights);
    const std::vector<double> time = c.real(kTimeWeights);
    const auto bias = c.in_or_empty<float>(kBias);
    const auto state = c.state<float>(kState);
    const auto out = c.out<float>();
    const auto clamp = reference::float_clamp(
        std::any_cast<const SvdfAttributes&>(c.node.attributes).activation);
    age(state);
    for (int64_t n = 0; n < size.batches; ++n) {
        for (int64_t f = 0; f < size.filters; ++f) {
            float sum = 0.0f;
            for (int64_t i = 0; i < size.in_count; ++i)
                sum += static_cast<float>(feature[static_cast<size_t>(f * size.in_count + i)]) *
                       in[static_cast<size_t>(n * size.in_count + i)];
            state[static_cast<size_t>((n * size.filters + f) * size.memory + size.memory - 1)] =
                sum;
        }
        for (int64_t u = 0; u < size.units; ++u) {
            float acc = bias.empty() ? 0.0f : bias[static_cast<size_t>(u)];
            for (int64_t f = u * size.rank; f < (u + 1) * size.rank; ++f) {
                float sum = 0.0f;
                for (int64_t j = 0; j < size.memory; ++j)
                    sum += state[static_cast<size_t>((n * size.filters + f) * size.memory + j)] *
                           static_cast<float>(time[static_cast<size_t>(f * size.memory + j)]);
                acc += sum;
            }
            out[static_cast<size_t>(n * size.units + u)] = std::min(std::max(acc, clamp.lowest),
                                                                    clamp.highest);
        }
    }
}

void eval(EvalContext& c)
{
    if (c.input(kInput).type == DType::f32) return eval_float(c);
    if (c.input(kState).type == DType::i16) return eval_integer<int16_t>(c);
    eval_integer<int8_t>(c);
}

// ---- lowering ----

// base[o] - zero_point * (sum of row o), modulo 2^32 as the kernel adds.
std::vector<int32_t> folded_bias(const std::vector<int64_t>& weights,
                                 const std::vector<int64_t>& base, int64_t zero_point)
{
    const size_t row = weights.size() / base.size();
    std::vector<int32_t> folded;
    for (size_t o = 0; o < base.size(); ++o) {
        uint64_t total = static_cast<uint64_t>(base[o]);
        for (size_t k = 0; k < row; ++k)
            total -= static_cast<uint64_t>(zero_point * weights[o * row + k]);
        folded.push_back(static_cast<int32_t>(static_cast<uint32_t>(total)));
    }
    return folded;
}

Arg as_void(Arg arg, const char* c_type)
{
    arg.c_type = c_type;
    return arg;
}

void lower_integer(LowerContext& c)
{
    const SvdfSizes size = sizes_of(c.graph, c.node);
    const auto scale = [&](size_t input) { return c.input(input).quant.scale(); };
    // The reference forms both factors in float.
    const float feature_product = scale(kInput) * scale(kFeatureWeights);
    const float time_product = scale(kState) * scale(kTimeWeights);
    const Requant feature = requant_of(static_cast<double>(feature_product / scale(kState)));
    const Requant time = requant_of(static_cast<double>(time_product / c.output().quant.scale()));
    const std::vector<int64_t> zeros(static_cast<size_t>(size.filters), 0);
    std::vector<int64_t> bias(static_cast<size_t>(size.units), 0);
    if (c.has_input(kBias)) bias = c.input(kBias).integers();
    const auto feature_bias = folded_bias(c.input(kFeatureWeights).integers(), zeros,
                                          c.input(kInput).quant.zero_point());
    const auto time_bias = folded_bias(c.input(kTimeWeights).integers(), bias,
                                       c.input(kState).quant.zero_point());
    const bool wide = c.input(kState).type == DType::i16;
    c.call("thb_svdf_s8",
           {c.in(kInput), c.in(kFeatureWeights),
            c.table(feature_bias, "feature bias of " + c.node.name),
            as_void(c.in(kTimeWeights), "const void*"),
            c.table(time_bias, "bias of " + c.node.name), as_void(c.state(kState), "void*"),
            c.key(int64_t{wide}), c.out(), c.number(size.batches, "thb_index_t"),
            c.number(size.in_count, "thb_index_t"), c.number(size.units, "thb_index_t"),
            c.key(size.rank), c.number(size.memory, "thb_index_t"),
            c.number(feature.multiplier, "int32_t"), c.number(feature.shift, "int8_t"),
            c.number(c.input(kState).quant.zero_point(), "int16_t"),
            c.number(time.multiplier, "int32_t"), c.number(time.shift, "int8_t"),
            c.number(c.output().quant.zero_point(), "int16_t")});
}

void lower_float(LowerContext& c)
{
    const SvdfSizes size = sizes_of(c.graph, c.node);
    const FloatWeights feature = float_weights(c, kFeatureWeights);
    const FloatWeights time = float_weights(c, kTimeWeights);
    const RealClamp clamp = real_clamp(
        std::any_cast<const SvdfAttributes&>(c.node.attributes).activation);
    const bool biased = c.has_input(kBias);
    c.call("thb_svdf_f32", {c.in(kInput),
                            feature.data,
                            feature.format,
                            feature.scales,
                            feature.per_channel,
                            time.data,
                            time.format,
                            time.scales,
                            time.per_channel,
                            biased ? c.in(kBias) : c.null("const float*"),
                            biased ? c.in_flash(kBias) : c.key(int64_t{0}),
                            c.state(kState),
                            c.out(),
                            c.number(size.batches, "thb_index_t"),
                            c.number(size.in_count, "thb_index_t"),
                            c.number(size.units, "thb_index_t"),
                            c.key(size.rank),
                            c.number(size.memory, "thb_index_t"),
                            c.number(clamp.lowest),
                            c.number(clamp.highest)});
}

void lower(LowerContext& c)
{
    if (c.input(kInput).type == DType::f32) return lower_float(c);
    lower_integer(c);
}

int64_t macs(const Graph& graph, const Node& node)
{
    const SvdfSizes size = sizes_of(graph, node);
    return size.batches * size.filters * (size.in_count + size.memory);
}

}  // namespace

extern const OpDef op_svdf;
const OpDef op_svdf = {.name = "svdf",
                       .tflite = {{"SVDF", import_svdf}},
                       .infer = infer,
                       .eval = eval,
                       .lower = lower,
                       .macs = macs,
                       .has_side_effect = true,
                       .export_tflite = export_svdf};

}  // namespace thimble
