// Matrix products: y[b,r,c] = sum_k x[b,r,k] * w[b,k,c], batch dimensions broadcast.
//
// adj_x, adj_y say that the last two axes of an operand are exchanged. Either operand may be
// computed or constant. Arithmetic by element types (docs/numerics.md, "Matrices"):
//   int8 x int8          int32 accumulator, zero points subtracted, two roundings
//   int16 x int16, int8  64-bit accumulator, one rounding
//   float x float, float16, int8, int4   float on dequantised constants
// The product of the two scales is a float product, unless the constant has a scale per output
// column. Source: TFLM and TFLite reference kernels.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/dense_layer.h"
#include "ops/matrix_product.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"
#include "ops/weighted.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

struct BatchMatmulAttributes {
    bool adj_x = false;
    bool adj_y = false;
    bool operator==(const BatchMatmulAttributes&) const = default;
};

void import_batch_matmul(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::batch_matmul;
    node.attributes = BatchMatmulAttributes{source.options.boolean(field::adj_x),
                                            source.options.boolean(field::adj_y)};
}

const BatchMatmulAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const BatchMatmulAttributes&>(node.attributes);
}

// Matrices of one operand: batch dimensions without the last two, which are in reading order.
struct Operand {
    Shape batch;
    int64_t rows, columns;
};

Operand operand_of(const Shape& shape, bool adjoint)
{
    const size_t rank = shape.size();
    Operand result = {{shape.begin(), shape.end() - 2}, shape[rank - 2], shape[rank - 1]};
    if (adjoint) std::swap(result.rows, result.columns);
    return result;
}

void check_types(const Graph& graph, const Node& node)
{
    const DType x = graph.input(node, 0).type;
    const DType y = graph.input(node, 1).type;
    const bool known = (x == DType::i8 && y == DType::i8) ||
                       (x == DType::i16 && (y == DType::i16 || y == DType::i8)) ||
                       (x == DType::f32 &&
                        (y == DType::f32 || y == DType::f16 || y == DType::i8 || y == DType::i4));
    if (!known)
        fail_type(fmt::format("{} x {}", dtype_name(x), dtype_name(y)),
                  "int8 x int8, int16 x int16/int8, or float32 x float32/float16/int8/int4");
    if (x != DType::f32 && graph.output(node, 0).type != x)
        fail_type(fmt::format("output {}", dtype_name(graph.output(node, 0).type)),
                  std::string(dtype_name(x)));
}

void export_batch_matmul(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::batch_matmul;
    const BatchMatmulAttributes& a = attributes_of(node);
    file.write(node, "BATCH_MATMUL", {{field::adj_x, a.adj_x}, {field::adj_y, a.adj_y}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_rank(graph, node, 0, 2, 5);
    require_rank(graph, node, 1, 2, 5);
    check_types(graph, node);
    const Shape& x_shape = graph.input(node, 0).shape;
    const Shape& y_shape = graph.input(node, 1).shape;
    const BatchMatmulAttributes& a = attributes_of(node);
    const Operand x = operand_of(x_shape, a.adj_x);
    const Operand y = operand_of(y_shape, a.adj_y);
    const std::string found = fmt::format("{} times {}", shape_text(x_shape), shape_text(y_shape));
    require_shape(x.columns == y.rows, found,
                  fmt::format("as many columns ({}) as rows ({})", x.columns, y.rows));
    require_shape(element_count(x_shape) > 0 && element_count(y_shape) > 0, found,
                  "matrices with elements");
    const size_t rank = std::max(x.batch.size(), y.batch.size());
    Shape out(rank);
    for (size_t d = 0; d < rank; ++d) {
        const auto dimension = [&](const Shape& batch) {
            return d + batch.size() < rank ? 1 : batch[d + batch.size() - rank];
        };
        const int64_t from_x = dimension(x.batch), from_y = dimension(y.batch);
        require_shape(from_x == from_y || from_x == 1 || from_y == 1, found,
                      "batch dimensions that are equal or 1");
        out[d] = std::max(from_x, from_y);
    }
    out.push_back(x.rows);
    out.push_back(y.columns);
    const auto column_axis = static_cast<int64_t>(y_shape.size()) - (a.adj_y ? 2 : 1);
    check_weighted_scales(graph, node, {.bias = 2}, column_axis, true);
    Tensor& result = graph.tensor(node.outputs[0]);
    result.type = graph.input(node, 0).type;
    result.shape = out;
}

// ---- oracle ----

// Offset of the first element of the matrix that belongs to output matrix `index`.
int64_t matrix_offset(const Shape& shape, const Shape& out, int64_t index)
{
    int64_t offset = 0;
    int64_t step = shape[shape.size() - 1] * shape[shape.size() - 2];
    for (size_t d = 2; d < out.size(); ++d) {
        const int64_t dimension = out[out.size() - 1 - d];
        const int64_t own = d < shape.size() ? shape[shape.size() - 1 - d] : 1;
        if (own > 1) offset += index % dimension * step;
        step *= own;
        index /= dimension;
    }
    return offset;
}

// For every output: start(), take(x index, y index) for all k in order, finish(output index,
// column).
template <typename Start, typename Take, typename Finish>
void each_sum(const EvalContext& c, Start start, Take take, Finish finish)
{
    const BatchMatmulAttributes& a = attributes_of(c.node);
    const Shape& x_shape = c.input(0).shape;
    const Shape& y_shape = c.input(1).shape;
    const Operand x = operand_of(x_shape, a.adj_x);
    const Operand y = operand_of(y_shape, a.adj_y);
    for (int64_t at = 0; at < c.output().count(); ++at) {
        const int64_t column = at % y.columns;
        const int64_t row = at / y.columns % x.rows;
        const int64_t matrix = at / y.columns / x.rows;
        const int64_t x_first = matrix_offset(x_shape, c.output().shape, matrix);
        const int64_t y_first = matrix_offset(y_shape, c.output().shape, matrix);
        start();
        for (int64_t k = 0; k < x.columns; ++k)
            take(static_cast<size_t>(x_first + (a.adj_x ? k * x.rows + row : row * x.columns + k)),
                 static_cast<size_t>(y_first +
                                     (a.adj_y ? column * y.rows + k : k * y.columns + column)));
        finish(static_cast<size_t>(at), column);
    }
}

std::vector<double> oracle_factors(const EvalContext& c)
{
    if (c.input(1).quant.per_channel())
        return reference_factors(c, {}, static_cast<int64_t>(c.input(1).quant.scales.size()));
    const float product = c.input(0).quant.scale() * c.input(1).quant.scale();
    return {static_cast<double>(product) / c.output().quant.scale()};
}

template <typename X, typename Y> void eval_integer(EvalContext& c)
{
    const bool per_channel = c.input(1).quant.per_channel();
    const int64_t x_zero = c.input(0).quant.zero_point();
    const int64_t y_zero = per_channel ? 0 : c.input(1).quant.zero_point();
    const ReferenceScaler scale(c, oracle_factors(c), 0, sizeof(X) == 2,
                                c.output().quant.zero_point());
    const auto x = c.in<X>(0);
    const auto y = c.in<Y>(1);
    const auto out = c.out<X>();
    int64_t acc = 0;
    each_sum(
        c, [&] { acc = 0; }, [&](size_t i, size_t j) { acc += (x[i] - x_zero) * (y[j] - y_zero); },
        [&](size_t at, int64_t column) {
            out[at] = static_cast<X>(scale(acc, per_channel ? column : 0));
        });
}

void eval_float(EvalContext& c)
{
    const auto x = c.in<float>(0);
    const std::vector<double> y = c.real(1);
    const auto out = c.out<float>();
    float acc = 0.0f;
    each_sum(
        c, [&] { acc = 0.0f; }, [&](size_t i, size_t j) { acc += x[i] * static_cast<float>(y[j]); },
        [&](size_t at, int64_t) { out[at] = acc; });
}

void eval(EvalContext& c)
{
    const bool bytes = c.input(1).type == DType::i8;
    switch (c.input(0).type) {
    case DType::i8: return eval_integer<int8_t, int8_t>(c);
    case DType::i16:
        return bytes ? eval_integer<int16_t, int8_t>(c) : eval_integer<int16_t, int16_t>(c);
    default: return eval_float(c);
    }
}

// ---- lowering ----

// Batch dimensions, outermost first, of which neighbours that advance alike are merged.
struct BatchAxis {
    int64_t count, x_step, y_step;
};

std::vector<BatchAxis> batch_axes(const Shape& x, const Shape& y, const Shape& out)
{
    std::vector<BatchAxis> axes;
    int64_t x_size = x[x.size() - 1] * x[x.size() - 2];
    int64_t y_size = y[y.size() - 1] * y[y.size() - 2];
    for (size_t d = 3; d <= out.size(); ++d) {
        const int64_t count = out[out.size() - d];
        const int64_t x_own = d <= x.size() ? x[x.size() - d] : 1;
        const int64_t y_own = d <= y.size() ? y[y.size() - d] : 1;
        if (count > 1) {
            const BatchAxis axis = {count, x_own > 1 ? x_size : 0, y_own > 1 ? y_size : 0};
            BatchAxis* inner = axes.empty() ? nullptr : &axes.front();
            if (inner && axis.x_step == inner->x_step * inner->count &&
                axis.y_step == inner->y_step * inner->count)
                inner->count *= count;
            else axes.insert(axes.begin(), axis);
        }
        x_size *= x_own;
        y_size *= y_own;
    }
    return axes;
}

MatrixProduct product_of(const LowerContext& c)
{
    const BatchMatmulAttributes& a = attributes_of(c.node);
    const Shape& out = c.output().shape;
    const Shape& x = c.input(0).shape;
    MatrixProduct product;
    const std::vector<BatchAxis> axes = batch_axes(x, c.input(1).shape, out);
    THIMBLE_CHECK(axes.size() <= 3, "rank 5 has three batch dimensions");
    for (size_t i = 0; i < axes.size(); ++i) {
        product.batches[i] = axes[i].count;
        product.x_steps[i] = axes[i].x_step;
        product.y_steps[i] = axes[i].y_step;
    }
    product.rows = out[out.size() - 2];
    product.columns = out[out.size() - 1];
    product.depth = a.adj_x ? x[x.size() - 2] : x[x.size() - 1];
    product.adj_x = a.adj_x;
    product.adj_y = a.adj_y;
    return product;
}

std::vector<double> real_factors(const LowerContext& c, int64_t columns)
{
    if (c.input(1).quant.per_channel()) return channel_factors(c, 0, 1, columns);
    const double product = double{c.input(0).quant.scale() * c.input(1).quant.scale()};
    return std::vector<double>(static_cast<size_t>(columns),
                               product / double{c.output().quant.scale()});
}

// One constant matrix for all rows of x is a dense layer.
bool is_dense(const LowerContext& c, const MatrixProduct& product)
{
    const Tensor& y = c.input(1);
    return y.is_constant() && y.type == DType::i8 && !product.adj_x &&
           y.count() == product.depth * product.columns;
}

void lower_dense(LowerContext& c, const MatrixProduct& product)
{
    IntegerLayerOptions options;
    options.bias = 2;
    options.out_count = product.columns;
    options.k_count = product.depth;
    options.transposed = !product.adj_y;
    options.factors = real_factors(c, product.columns);
    options.use_weight_zero_point = true;
    options.wide_multiply = c.input(0).type == DType::i16;
    const IntegerLayer layer = integer_layer(c, options);
    const int64_t rows = c.output().count() / product.columns;
    if (c.input(0).type == DType::i16) return lower_dense_s16(c, layer, rows);
    lower_dense_s8(c, layer, rows);
}

void lower(LowerContext& c)
{
    const MatrixProduct product = product_of(c);
    if (c.input(0).type == DType::f32) return lower_product_f32(c, product);
    if (is_dense(c, product) && !c.input(0).is_constant()) return lower_dense(c, product);
    ProductScaling scaling;
    scaling.wide_multiply = c.input(0).type == DType::i16;
    scaling.requant = requant_tables(real_factors(c, product.columns), scaling.wide_multiply);
    scaling.clamp = limits_of(c.output().type);
    lower_product_integer(c, product, scaling);
}

int64_t macs(const Graph& graph, const Node& node)
{
    const Shape& x = graph.input(node, 0).shape;
    return graph.output(node, 0).count() * operand_of(x, attributes_of(node).adj_x).columns;
}

}  // namespace

extern const OpDef op_batch_matmul;
const OpDef op_batch_matmul = {.name = "batch_matmul",
                               .tflite = {{"BATCH_MATMUL", import_batch_matmul}},
                               .infer = infer,
                               .eval = eval,
                               .lower = lower,
                               .macs = macs,
                               .same_attributes = equal_attributes<BatchMatmulAttributes>,
                               .export_tflite = export_batch_matmul,
                               .quantization = rule_for_values};

}  // namespace thimble
