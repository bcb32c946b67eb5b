// Dense layers, matrix products and pooling of CMSIS-NN's vectors through the portable kernels.
#include "cmsis_vector.h"
#include "port/thb_port.h"

#include <algorithm>

namespace thimble {
namespace {

// Each header in its own namespace: device headers have no include guards.
namespace dense {
#include "kernels/dense.h"
}
namespace matrix {
#include "kernels/batch_matmul.h"
}
namespace pool {
#include "kernels/pool2d.h"
}

struct DenseVector {
    int rows, in_count, out_count;
    std::vector<int32_t> multipliers;
    std::vector<int8_t> shifts;
    std::vector<int64_t> bias;
    int16_t in_zero_point, weight_zero_point, out_zero_point, lowest, highest;
};

DenseVector dense_of(const CmsisVector& v)
{
    DenseVector d;
    d.rows = static_cast<int>(v.number({"INPUT_BATCHES"}));
    d.out_count = static_cast<int>(v.number({"OUT_CH"}));
    d.in_count = static_cast<int>(v.number_or("ACCUMULATION_DEPTH", 0));
    if (v.has("OUTPUT_MULTIPLIER")) {
        d.multipliers = {static_cast<int32_t>(v.number({"OUTPUT_MULTIPLIER"}))};
        d.shifts = {static_cast<int8_t>(v.number({"OUTPUT_SHIFT"}))};
    } else {
        d.multipliers = v.values<int32_t>({"output_multiplier"});
        d.shifts = v.values<int8_t>({"output_shift"});
    }
    d.bias = v.values_or_empty<int64_t>({"biases", "bias", "input_bias"});
    d.bias.resize(static_cast<size_t>(d.out_count));
    d.in_zero_point = static_cast<int16_t>(-v.number({"INPUT_OFFSET"}));
    d.weight_zero_point = static_cast<int16_t>(-v.number_or("FILTER_OFFSET", 0));
    d.out_zero_point = static_cast<int16_t>(v.number({"OUTPUT_OFFSET"}));
    d.lowest = static_cast<int16_t>(v.number({"OUT_ACTIVATION_MIN"}));
    d.highest = static_cast<int16_t>(v.number({"OUT_ACTIVATION_MAX"}));
    return d;
}

std::vector<int8_t> dense_s8(const CmsisVector& v, const DenseVector& d,
                             const std::vector<int8_t>& in)
{
    const std::vector<int32_t> stored = v.values<int32_t>({"weights", "input_weights"});
    std::vector<int8_t> bytes;
    for (const int32_t value : stored) bytes.push_back(static_cast<int8_t>(value));
    const auto count = static_cast<size_t>(d.in_count * d.out_count);
    int format = d.weight_zero_point ? THB_WEIGHTS_S8_OFFSET : THB_WEIGHTS_S8;
    if (stored.size() < count) format = THB_WEIGHTS_S4;
    std::vector<int32_t> bias;
    for (int o = 0; o < d.out_count; ++o) {
        const int32_t sum = dense::thb_weight_sum(bytes.data(), static_cast<size_t>(o * d.in_count),
                                                  format, d.weight_zero_point, d.in_count);
        bias.push_back(
            static_cast<int32_t>(d.bias[static_cast<size_t>(o)] - d.in_zero_point * sum));
    }
    std::vector<int8_t> out(static_cast<size_t>(d.rows * d.out_count));
    dense::thb_dense_s8(in.data(), bytes.data(), format, bias.data(), d.multipliers.data(),
                        d.shifts.data(), d.multipliers.size() > 1, out.data(), d.rows, d.in_count,
                        d.out_count, d.weight_zero_point, d.out_zero_point, d.lowest, d.highest);
    return out;
}

CmsisResult dense_s16(const CmsisVector& v)
{
    const DenseVector d = dense_of(v);
    const auto in = v.values<int16_t>({"input"});
    const auto weights = v.values<int8_t>({"weights"});
    std::vector<int16_t> out(static_cast<size_t>(d.rows * d.out_count));
    const std::vector<int32_t> multipliers = reduced(d.multipliers);
    dense::thb_dense_s16(in.data(), weights.data(), THB_WEIGHTS_S8, d.bias.data(), 1, 1,
                         multipliers.data(), d.shifts.data(), d.multipliers.size() > 1, 1,
                         out.data(), d.rows, d.in_count, d.out_count, d.weight_zero_point,
                         d.out_zero_point, d.lowest, d.highest);
    return compare_exactly(out, v.values<int16_t>({"output_ref", "output"}));
}

CmsisResult dense_f32(const CmsisVector& v)
{
    const auto in = v.values<float>({"input_data"});
    const auto weights = v.values<float>({"weights_data"});
    const auto bias = v.values<float>({"biases_data"});
    const int rows = static_cast<int>(v.number({"INPUT_BATCHES"}));
    const int columns = static_cast<int>(v.number({"OUT_CH"}));
    std::vector<float> out(static_cast<size_t>(rows * columns));
    dense::thb_dense_f32(in.data(), weights.data(), THB_WEIGHTS_F32, 0, nullptr, 0,
                         v.number_or("HAS_BIAS", 1) ? bias.data() : nullptr, 0, out.data(), rows,
                         static_cast<int>(in.size()) / rows, columns,
                         static_cast<float>(v.real("OUT_ACTIVATION_MIN")),
                         static_cast<float>(v.real("OUT_ACTIVATION_MAX")));
    return compare_floats(out, v.values<float>({"output_ref_data"}));
}

struct PoolVector {
    int n, in_h, in_w, c, out_h, out_w, filter_h, filter_w, stride_h, stride_w, pad_h, pad_w;
    size_t outputs() const { return static_cast<size_t>(n * out_h * out_w * c); }
};

PoolVector pool_of(const CmsisVector& v)
{
    const auto get = [&](std::initializer_list<const char*> names) {
        return static_cast<int>(v.number(names));
    };
    return {get({"BATCH_SIZE", "INPUT_BATCHES"}),
            get({"INPUT_H"}),
            get({"INPUT_W"}),
            get({"INPUT_C", "IN_CH"}),
            get({"OUTPUT_H"}),
            get({"OUTPUT_W"}),
            get({"FILTER_H"}),
            get({"FILTER_W"}),
            get({"STRIDE_H"}),
            get({"STRIDE_W"}),
            get({"PADDING_H", "PAD_H"}),
            get({"PADDING_W", "PAD_W"})};
}

#define POOL(p) \
    p.n, p.in_h, p.in_w, p.c, p.out_h, p.out_w, p.c, p.filter_h, p.filter_w, p.stride_h, \
        p.stride_w, 1, 1, p.pad_h, p.pad_w, 1

template <typename T>
std::vector<T> pool_int(const CmsisVector& v, const std::vector<T>& in, bool maximum)
{
    const PoolVector p = pool_of(v);
    std::vector<T> out(p.outputs());
    pool::thb_pool2d_int(in.data(), sizeof(T) == 2 ? THB_POOL_S16 : THB_POOL_S8, maximum, 0,
                         out.data(), POOL(p),
                         static_cast<int16_t>(v.number({"ACTIVATION_MIN", "OUT_ACTIVATION_MIN"})),
                         static_cast<int16_t>(v.number({"ACTIVATION_MAX", "OUT_ACTIVATION_MAX"})));
    return out;
}

struct MatrixVector {
    int n0, n1, x0, x1, y0, y1, rows, depth, columns, adj_x, adj_y;
    size_t outputs() const { return static_cast<size_t>(n0 * n1 * rows * columns); }
};

MatrixVector matrix_of(const CmsisVector& v)
{
    const auto get = [&](const char* name) { return static_cast<int>(v.number({name})); };
    MatrixVector m;
    m.adj_x = get("ADJ_X"), m.adj_y = get("ADJ_Y");
    m.n0 = get("OUTPUT_BATCH"), m.n1 = get("OUTPUT_HEIGHT");
    m.rows = get("OUTPUT_ROWS"), m.columns = get("OUTPUT_COLS");
    m.depth = m.adj_x ? get("LHS_ROWS") : get("LHS_COLS");
    const int x_size = get("LHS_ROWS") * get("LHS_COLS"),
              y_size = get("RHS_ROWS") * get("RHS_COLS");
    m.x1 = get("LHS_HEIGHT") > 1 ? x_size : 0;
    m.y1 = get("RHS_HEIGHT") > 1 ? y_size : 0;
    m.x0 = get("LHS_BATCH") > 1 ? x_size * get("LHS_HEIGHT") : 0;
    m.y0 = get("RHS_BATCH") > 1 ? y_size * get("RHS_HEIGHT") : 0;
    return m;
}

#define MATRIX(m) \
    1, m.n0, m.n1, 0, m.x0, m.x1, 0, m.y0, m.y1, m.rows, m.depth, m.columns, m.adj_x, m.adj_y

}  // namespace

std::vector<int8_t> cmsis_dense_s8(const CmsisVector& v, const std::vector<int8_t>& in)
{
    DenseVector d = dense_of(v);
    d.in_count = static_cast<int>(in.size());
    d.out_count = static_cast<int>(v.values<int32_t>({"weights"}).size() / in.size());
    return dense_s8(v, d, in);
}

std::vector<int8_t> cmsis_mean_s8(const CmsisVector& v, const std::vector<int8_t>& in)
{
    return pool_int<int8_t>(v, in, false);
}

CmsisResult run_cmsis_dense(const CmsisVector& v)
{
    if (v.name.ends_with("f32")) return dense_f32(v);
    if (v.types.at("input") == "int16_t") return dense_s16(v);
    const DenseVector d = dense_of(v);
    const auto in = v.values<int8_t>({"input"});
    if (v.name == "fully_connected_mve_0")
        return not_applicable(
            "two generations of the vector in one file: weights 89 x 22, constants 16 x 9");
    return compare_exactly(dense_s8(v, d, in), v.values<int8_t>({"output_ref", "output"}));
}

CmsisResult run_cmsis_pool(const CmsisVector& v)
{
    const bool maximum = v.name.starts_with("max");
    if (v.name.ends_with("int16") || v.name.find("int16_") != std::string::npos)
        return compare_exactly(pool_int<int16_t>(v, v.values<int16_t>({"input_tensor"}), maximum),
                               v.values<int16_t>({"output"}));
    if (v.types.at("input_tensor") != "float32_t")
        return compare_exactly(pool_int<int8_t>(v, v.values<int8_t>({"input_tensor"}), maximum),
                               v.values<int8_t>({"output"}));
    const PoolVector p = pool_of(v);
    const auto in = v.values<float>({"input_tensor"});
    std::vector<float> out(p.outputs());
    pool::thb_pool2d_f32(in.data(), maximum, out.data(), POOL(p),
                         static_cast<float>(v.real("ACTIVATION_MIN")),
                         static_cast<float>(v.real("ACTIVATION_MAX")));
    return compare_floats(out, v.values<float>({"output_ref"}));
}

CmsisResult run_cmsis_batch_matmul(const CmsisVector& v)
{
    const MatrixVector m = matrix_of(v);
    if (v.name.ends_with("f32")) {
        // Whatever their flags, the float vectors hold the left operand transposed, the right one
        // plain.
        MatrixVector plain = m;
        plain.adj_x = 1, plain.adj_y = 0;
        const auto x = v.values<float>({"lhs_transposed_tensor"});
        const auto y = v.values<float>({"rhs_input_tensor"});
        std::vector<float> out(m.outputs());
        matrix::thb_batch_matmul_f32(x.data(), 0, y.data(), THB_WEIGHTS_F32, 0, nullptr, 0,
                                     out.data(), MATRIX(plain));
        const auto lowest = static_cast<float>(v.real("ACTIVATION_MIN")),
                   highest = static_cast<float>(v.real("ACTIVATION_MAX"));
        for (float& value : out)
            value = std::min(std::max(value, lowest), highest);  // The operator has no clamp.
        return compare_floats(out, v.values<float>({"output"}));
    }
    const auto number = [&](const char* name) { return static_cast<int16_t>(v.number({name})); };
    const auto multiplier = static_cast<int32_t>(v.number({"OUTPUT_MULTIPLIER"}));
    const auto shift = static_cast<int8_t>(v.number({"OUTPUT_SHIFT"}));
    const auto x_zero = static_cast<int16_t>(-number("LHS_OFFSET")),
               y_zero = static_cast<int16_t>(-number("RHS_OFFSET"));
    if (v.name.ends_with("s16")) {
        const auto x = v.values<int16_t>({"lhs_input_tensor"});
        const auto y = v.values<int16_t>({"rhs_input_tensor"});
        std::vector<int16_t> out(m.outputs());
        const int32_t short_multiplier = reduced({multiplier})[0];
        matrix::thb_batch_matmul_s16(x.data(), 0, y.data(), 0, 0, nullptr, 0, &short_multiplier,
                                     &shift, 0, 1, out.data(), MATRIX(m), x_zero, y_zero,
                                     number("OUTPUT_OFFSET"), number("ACTIVATION_MIN"),
                                     number("ACTIVATION_MAX"));
        return compare_exactly(out, v.values<int16_t>({"output"}));
    }
    const auto x = v.values<int8_t>({"lhs_input_tensor"});
    const auto y = v.values<int8_t>({"rhs_input_tensor"});
    std::vector<int8_t> out(m.outputs());
    matrix::thb_batch_matmul_s8(x.data(), 0, y.data(), 0, nullptr, &multiplier, &shift, 0,
                                out.data(), MATRIX(m), x_zero, y_zero, number("OUTPUT_OFFSET"),
                                number("ACTIVATION_MIN"), number("ACTIVATION_MAX"));
    return compare_exactly(out, v.values<int8_t>({"output"}));
}

}  // namespace thimble
