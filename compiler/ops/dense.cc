// Fully connected layer: y[n,o] = act(b[o] + sum_i x[n,i] * w[o,i]).
//
// The input is flattened to rows of `i` elements. Arithmetic by element types (docs/numerics.md):
//   int8 x int8, int4   int32 accumulator, two roundings
//   uint8 x uint8       the same, both zero points subtracted
//   int16 x int8        int64 accumulator and one rounding, or int32 when the bias is int32
//   float x float, float16, int8, int4   float on dequantised weights
// Weights may be computed by another layer; then they lower to batch_matmul's kernels.
// Source: TFLM reference kernel; Jacob et al. 2018, arXiv:1712.05877, equation 7.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/reference.h"
#include "ops/by_turn.h"
#include "ops/dense_layer.h"
#include "ops/dense_sum.h"
#include "ops/legacy_uint8.h"
#include "ops/matrix_product.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"
#include "ops/weighted.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct DenseAttributes {
    int activation = 0;
    bool keep_dims = false;
    bool bias32 = false;  // without a bias, 16-bit activations have a 32-bit accumulator
    bool operator==(const DenseAttributes&) const = default;
};

void import_fully_connected(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::fully_connected;
    require(source.options.i8(field::weights_format) == tflite_field::kWeightsFormatDefault,
            ErrorCode::T0202,
            {"", "weights in the shuffled 4x16 layout", "the default layout",
             "convert the model for the default runtime"});
    const bool bias32 =
        source.options.i8(field::quantized_bias_type) == static_cast<int>(TfliteType::int32);
    node.attributes = DenseAttributes{source.options.i8(field::fused_activation),
                                      source.options.boolean(field::keep_num_dims), bias32};
}

struct DenseSizes {
    int64_t rows, in_count, out_count;
};

DenseSizes sizes_of(const Graph& graph, const Node& node)
{
    const Shape& weights = graph.input(node, 1).shape;
    const int64_t in_count = weights.at(1);
    return {graph.input(node, 0).count() / in_count, in_count, weights.at(0)};
}

void export_dense(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::fully_connected;
    const auto& a = std::any_cast<const DenseAttributes&>(node.attributes);
    file.write(node, "FULLY_CONNECTED",
               {{field::fused_activation, static_cast<int8_t>(a.activation)},
                {field::keep_num_dims, a.keep_dims},
                {field::quantized_bias_type,
                 static_cast<int8_t>(a.bias32 ? tflite_type_number(DType::i32) : 0)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 3);
    require_outputs(node, 1);
    require_rank(graph, node, 1, 2, 2);
    const Tensor& in = graph.input(node, 0);
    const Shape& weights = graph.input(node, 1).shape;
    check_weighted_types(graph, node, {}, weights[0], DType::i32);
    check_weighted_scales(graph, node, {}, 0, true);
    require_shape(weights[0] > 0 && weights[1] > 0 && in.count() > 0 &&
                      in.count() % weights[1] == 0,
                  fmt::format("input {} and weights {}", shape_text(in.shape), shape_text(weights)),
                  fmt::format("a multiple of {} input elements", weights[1]));
    const DenseSizes size = sizes_of(graph, node);
    Tensor& out = graph.tensor(node.outputs[0]);
    const auto& attributes = std::any_cast<const DenseAttributes&>(node.attributes);
    out.shape = {size.rows, size.out_count};
    if (attributes.keep_dims) {
        out.shape = in.shape;
        require_shape(!out.shape.empty() && out.shape.back() == size.in_count,
                      "input " + shape_text(in.shape),
                      fmt::format("a last dimension of {}", size.in_count));
        out.shape.back() = size.out_count;
    }
    out.type = in.type;
}

// ---- oracle ----

double factor(const EvalContext& c, int64_t channel)
{
    const Quantization& weights = c.input(1).quant;
    const double out = c.output().quant.scale();
    if (weights.per_channel())
        return static_cast<double>(c.input(0).quant.scale()) * weights.scale_at(channel) / out;
    const float product = c.input(0).quant.scale() * weights.scale();
    return static_cast<double>(product) / out;
}

template <typename T, typename W> void eval_integer(EvalContext& c)
{
    const DenseSizes size = sizes_of(c.graph, c.node);
    const auto in = c.in<T>(0);
    const auto weights = c.in<W>(1);
    const auto bias = c.raw_or_empty(2);
    const auto out = c.out<T>();
    const int32_t in_zero = c.input(0).quant.zero_point();
    const int32_t weight_zero = c.input(1).quant.per_channel() ? 0 : c.input(1).quant.zero_point();
    const bool wide = has_wide_accumulator(
        c.graph, c.node, {}, std::any_cast<const DenseAttributes&>(c.node.attributes).bias32);
    const auto& attributes = std::any_cast<const DenseAttributes&>(c.node.attributes);
    const Quantization& q = c.output().quant;
    const reference::Clamp clamp = reference::quantized_clamp(
        attributes.activation, c.output().type, q.scale(), q.zero_point());
    for (int64_t n = 0; n < size.rows; ++n) {
        for (int64_t o = 0; o < size.out_count; ++o) {
            int64_t acc = bias.empty() ? 0 : static_cast<int64_t>(bias[static_cast<size_t>(o)]);
            for (int64_t i = 0; i < size.in_count; ++i)
                acc += int64_t{in[static_cast<size_t>(n * size.in_count + i)] - in_zero} *
                       (weights[static_cast<size_t>(o * size.in_count + i)] - weight_zero);
            const reference::Multiplier m = reference::quantize_multiplier(factor(c, o));
            const int32_t scaled = wide ? reference::multiply64(acc, m)
                                        : reference::multiply(reference::wrap32(acc), m);
            out[static_cast<size_t>(n * size.out_count + o)] = static_cast<T>(
                reference::saturate(int64_t{scaled} + q.zero_point(), clamp.lowest, clamp.highest));
        }
    }
}

void eval_float(EvalContext& c)
{
    const DenseSizes size = sizes_of(c.graph, c.node);
    const auto in = c.in<float>(0);
    const std::vector<double> weights = c.real(1);
    const auto bias = c.in_or_empty<float>(2);
    const auto out = c.out<float>();
    const auto clamp =
        reference::float_clamp(std::any_cast<const DenseAttributes&>(c.node.attributes).activation);
    for (int64_t n = 0; n < size.rows; ++n) {
        for (int64_t o = 0; o < size.out_count; ++o) {
            float acc = 0.0f;
            for (int64_t i = 0; i < size.in_count; ++i)
                acc += in[static_cast<size_t>(n * size.in_count + i)] *
                       static_cast<float>(weights[static_cast<size_t>(o * size.in_count + i)]);
            if (!bias.empty()) acc += bias[static_cast<size_t>(o)];
            out[static_cast<size_t>(n * size.out_count + o)] =
                std::min(std::max(acc, clamp.lowest), clamp.highest);
        }
    }
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

std::vector<double> real_factors(const Graph& graph, const Node& node)
{
    const Quantization& weights = graph.input(node, 1).quant;
    const double out = graph.output(node, 0).quant.scale();
    const float in = graph.input(node, 0).quant.scale();
    std::vector<double> factors;
    for (int64_t o = 0; o < graph.input(node, 1).shape.at(0); ++o) {
        // The reference multiplies two per-tensor scales in float, a per-channel scale in double.
        const double product = weights.per_channel() ? double{in} * double{weights.scale_at(o)}
                                                     : double{in * weights.scale()};
        factors.push_back(product / out);
    }
    return factors;
}

IntegerLayer integer_plan(const LowerContext& c)
{
    const DenseSizes size = sizes_of(c.graph, c.node);
    const auto& attributes = std::any_cast<const DenseAttributes&>(c.node.attributes);
    IntegerLayerOptions options;
    options.out_count = size.out_count;
    options.k_count = size.in_count;
    options.factors = real_factors(c.graph, c.node);
    options.activation = attributes.activation;
    options.use_weight_zero_point = true;
    options.wide_multiply = has_wide_accumulator(c.graph, c.node, {}, attributes.bias32);
    return integer_layer(c, options);
}

// Weights that another layer computes: nothing can be folded.
void lower_computed(LowerContext& c)
{
    const DenseSizes size = sizes_of(c.graph, c.node);
    const auto& attributes = std::any_cast<const DenseAttributes&>(c.node.attributes);
    MatrixProduct product;
    product.rows = size.rows;
    product.depth = size.in_count;
    product.columns = size.out_count;
    product.adj_y = true;
    ProductScaling scaling;
    if (c.has_input(2)) scaling.bias = c.input(2).integers();
    scaling.wide_multiply = has_wide_accumulator(c.graph, c.node, {}, attributes.bias32);
    scaling.requant = requant_tables(real_factors(c.graph, c.node), scaling.wide_multiply);
    scaling.clamp = stored_clamp(attributes.activation, c.output());
    lower_product_integer(c, product, scaling);
}

void lower(LowerContext& c)
{
    const DenseSizes size = sizes_of(c.graph, c.node);
    const int activation = std::any_cast<const DenseAttributes&>(c.node.attributes).activation;
    if (c.input(0).type == DType::f32)
        return lower_dense_f32(c, size.rows, size.in_count, size.out_count, activation);
    if (c.input(0).type == DType::u8) refuse_uint8(c);
    if (!c.input(1).is_constant()) return lower_computed(c);
    if (changes_by_turn(c.graph, c.node)) return lower_dense_by_turn(c);
    if (c.input(0).type == DType::i16) return lower_dense_s16(c, integer_plan(c), size.rows);
    lower_dense_s8(c, integer_plan(c), size.rows);
}

int64_t macs(const Graph& graph, const Node& node)
{
    const DenseSizes size = sizes_of(graph, node);
    return size.rows * size.in_count * size.out_count;
}

}  // namespace

int dense_activation(const Node& dense)
{
    return std::any_cast<const DenseAttributes&>(dense.attributes).activation;
}

std::vector<double> dense_factors(const Graph& graph, const Node& dense)
{
    return real_factors(graph, dense);
}

extern const OpDef op_dense;
const OpDef op_dense = {.name = "dense",
                        .tflite = {{"FULLY_CONNECTED", import_fully_connected}},
                        .infer = infer,
                        .eval = eval,
                        .lower = lower,
                        .macs = macs,
                        .same_attributes = equal_attributes<DenseAttributes>,
                        .no_changing_scales = no_dense_by_turn,
                        .export_tflite = export_dense,
                        .quantization = [](const Graph& graph, const Node& node) {
                            return rule_for_weights(graph, node,
                                                    {.activation = dense_activation(node)});
                        }};

}  // namespace thimble
