// What lstm, gru and simple_rnn share, see recurrent_layer.h.
#include "ops/recurrent_layer.h"

#include "formats/tflite_fields.h"
#include "ops/sigmoid.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr size_t kInput = 0;

// A constant, or one that a DEQUANTIZE widens: a constant once the compiler has folded it.
bool is_fixed(const Graph& graph, TensorId id)
{
    if (graph.tensor(id).is_constant()) return true;
    return std::ranges::any_of(graph.nodes, [&](const Node& node) {
        return node.op && node.op->name == "dequantize" && node.outputs[0] == id &&
               graph.input(node, 0).is_constant();
    });
}

bool is_one_of(DType type, std::initializer_list<DType> types)
{
    return std::ranges::find(types, type) != types.end();
}

}  // namespace

CellActivation cell_activation_from(int code)
{
    switch (code) {
    case tflite_field::kActivationNone:
        return CellActivation::none;
    case tflite_field::kActivationRelu:
        return CellActivation::relu;
    case tflite_field::kActivationRelu6:
        return CellActivation::relu6;
    case tflite_field::kActivationTanh:
        return CellActivation::tanh;
    default:
        fail(ErrorCode::T0202, {"", fmt::format("fused activation {}", code),
                                "none, RELU, RELU6 or TANH", "train the model with tanh"});
    }
}

void mark_sequence_states(Graph& graph, const Node& node, std::initializer_list<size_t> states)
{
    for (const size_t state : states) {
        if (!graph.has_input(node, state)) continue;
        Tensor& tensor = graph.tensor(node.inputs[state]);
        if (tensor.kind == TensorKind::state) tensor.per_sequence = true;
    }
}

void require_fixed(const Graph& graph, const Node& node, size_t input)
{
    if (!graph.has_input(node, input)) return;
    require(is_fixed(graph, node.inputs[input]), ErrorCode::T0202,
            {"", fmt::format("'{}' is computed at run time", graph.input(node, input).name),
             "constant weights and biases", "export the model with constant weights"});
}

void require_matrix(const Graph& graph, const Node& node, size_t input, int64_t rows,
                    int64_t columns)
{
    if (!graph.has_input(node, input)) return;
    const Shape& shape = graph.input(node, input).shape;
    require_shape(shape == Shape({rows, columns}),
                  fmt::format("'{}' {}", graph.input(node, input).name, shape_text(shape)),
                  shape_text({rows, columns}));
}

void require_vector(const Graph& graph, const Node& node, size_t input, int64_t count)
{
    if (!graph.has_input(node, input)) return;
    const Tensor& tensor = graph.input(node, input);
    require_shape(tensor.count() == count,
                  fmt::format("'{}' {}", tensor.name, shape_text(tensor.shape)),
                  fmt::format("{} elements", count));
}

void require_type(const Graph& graph, const Node& node, size_t input, const char* what,
                  std::initializer_list<DType> types)
{
    if (!graph.has_input(node, input)) return;
    const Tensor& tensor = graph.input(node, input);
    if (is_one_of(tensor.type, types)) return;
    std::string expected;
    for (const DType type : types)
        expected += (expected.empty() ? "" : " or ") + std::string(dtype_name(type));
    fail_type(fmt::format("{} '{}' is {}, the input {}", what, tensor.name, dtype_name(tensor.type),
                          dtype_name(graph.input(node, kInput).type)),
              expected);
}

void require_hybrid(const Graph& graph, const Node& node, size_t input, int64_t rows)
{
    if (!graph.has_input(node, input)) return;
    const Tensor& weights = graph.input(node, input);
    if (!is_integer(weights.type)) return;
    require_quantized(graph, node, {input});
    const Quantization& q = weights.quant;
    const bool fits =
        !q.per_channel() || (q.axis == 0 && q.scales.size() == static_cast<size_t>(rows));
    require(
        fits && std::ranges::all_of(q.zero_points, [](int64_t z) { return z == 0; }),
        ErrorCode::T0205,
        {"", fmt::format("'{}' has {} scales along axis {}", weights.name, q.scales.size(), q.axis),
         fmt::format("one scale, or {} along axis 0, zero points 0", rows),
         "convert the model with dynamic range quantisation"});
}

RecurrentSizes recurrent_sizes(const Graph& graph, const Node& node, size_t recurrent_weights)
{
    const Shape& x = graph.input(node, kInput).shape;
    const bool time_major = recurrent_attributes(node)->time_major;
    RecurrentSizes size = {};
    size.batches = x.size() == 2 ? x.at(0) : x.at(time_major ? 1 : 0);
    size.steps = x.size() == 2 ? 1 : x.at(time_major ? 0 : 1);
    size.in_count = x.back();
    size.units = graph.input(node, recurrent_weights).shape.at(0);
    return size;
}

void set_recurrent_outputs(Graph& graph, const Node& node, const RecurrentSizes& size,
                           int64_t outputs)
{
    const RecurrentAttributes& attributes = *recurrent_attributes(node);
    const Tensor& x = graph.input(node, kInput);
    Shape shape = {size.batches, size.steps, outputs};
    if (attributes.time_major) std::swap(shape[0], shape[1]);
    if (x.shape.size() == 2 || !attributes.return_sequences) shape = {size.batches, outputs};
    for (size_t i = 0; i < std::min<size_t>(node.outputs.size(), 2); ++i) {
        Tensor& out = graph.tensor(node.outputs[i]);
        out.type = x.type;
        out.shape = i == 0 ? shape : Shape({size.batches, outputs});
    }
}

// ---- oracle ----

std::vector<float> oracle_floats(const EvalContext& c, size_t input)
{
    if (!c.has_input(input)) return {};
    const std::vector<double> values = c.real(input);
    return {values.begin(), values.end()};
}

float oracle_cell_activation(CellActivation activation, float x)
{
    switch (activation) {
    case CellActivation::relu:
        return std::max(x, 0.0f);
    case CellActivation::relu6:
        return std::min(std::max(x, 0.0f), 6.0f);
    case CellActivation::tanh:
        return std::tanh(x);
    case CellActivation::sigmoid:
        return oracle_logistic_f32(x);
    case CellActivation::none:
        break;
    }
    return x;
}

float oracle_cell_clip(float x, float clip)
{
    return clip > 0 ? std::clamp(x, -clip, clip) : x;
}

float oracle_row_product(const std::vector<float>& weights, size_t row, std::span<const float> in)
{
    float sum = 0.0f;
    for (size_t k = 0; k < in.size(); ++k) sum += weights[row * in.size() + k] * in[k];
    return sum;
}

// ---- lowering ----

namespace {

Arg typed(Arg arg, const char* c_type)
{
    arg.c_type = c_type;
    return arg;
}

float half_value(uint16_t half)
{
    const int exponent = half >> 10 & 31;
    const int mantissa = half & 1023;
    const double magnitude =
        exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    return static_cast<float>(half & 0x8000 ? -magnitude : magnitude);
}

// One element as float, whatever the format.
float real_value(const WeightRow& row, size_t at)
{
    switch (row.tensor->type) {
    case DType::f16:
        return half_value(row.tensor->values<uint16_t>()[at]);
    case DType::i8:
    case DType::i4:
        return static_cast<float>(row.tensor->values<int8_t>()[at]) * scale_of(row);
    default:
        return row.tensor->values<float>()[at];
    }
}

// `value(row, at)` of every element, in the order of the blocks.
template <typename T, typename Value>
std::vector<T> interleaved(const std::vector<WeightBlock>& blocks, const Value& value)
{
    std::vector<T> packed;
    for (const WeightBlock& block : blocks) {
        const auto columns = static_cast<size_t>(block[0].tensor->shape[1]);
        for (size_t k = 0; k < columns; ++k)
            for (const WeightRow& one : block) packed.push_back(value(one, one.row * columns + k));
    }
    return packed;
}

template <typename T>
std::vector<T> stored(const std::vector<WeightBlock>& blocks)
{
    return interleaved<T>(
        blocks, [](const WeightRow& row, size_t at) { return row.tensor->values<T>()[at]; });
}

}  // namespace

float scale_of(const WeightRow& row)
{
    return row.tensor->quant.scale_at(static_cast<int64_t>(row.row));
}

PackedRows packed_blocks(LowerContext& c, const std::vector<WeightBlock>& blocks,
                         const std::string& purpose)
{
    const DType type = blocks[0][0].tensor->type;
    bool same = true;
    for (const WeightBlock& block : blocks)
        for (const WeightRow& one : block) same = same && one.tensor->type == type;
    PackedRows packed = {.scales = c.null("const float*")};
    if (same && type == DType::f16) {
        packed.data = c.table(stored<uint16_t>(blocks), purpose);
        packed.format = c.key_text("THB_WEIGHTS_F16");
    } else if (same && (type == DType::i8 || type == DType::i4)) {
        packed.data = c.table(stored<int8_t>(blocks), purpose);
        packed.format = c.key_text("THB_WEIGHTS_S8");
    } else {
        packed.data = c.table(interleaved<float>(blocks, real_value), purpose);
        packed.format = c.key_text("THB_WEIGHTS_F32");
    }
    packed.data = typed(packed.data, "const void*");
    return packed;
}

PackedRows packed_rows(LowerContext& c, const std::vector<WeightRow>& rows,
                       const std::string& purpose)
{
    std::vector<WeightBlock> blocks;
    std::vector<float> scales;
    for (const WeightRow& one : rows) {
        blocks.push_back({one});
        scales.push_back(scale_of(one));
    }
    PackedRows packed = packed_blocks(c, blocks, purpose);
    if (packed.scaled()) packed.scales = c.table(scales, "scales of " + c.node.name, false);
    return packed;
}

Arg recurrent_input(LowerContext& c)
{
    if (!c.input(kInput).is_constant()) return c.in(kInput);
    const int64_t bytes = c.input(kInput).bytes();
    const Arg copy = c.scratch(bytes, 4, "float*");
    c.call("thb_copy", {typed(c.in(kInput), "const void*"), c.in_flash(kInput),
                        typed(copy, "void*"), c.number(bytes, "uint32_t")});
    return typed(copy, "const float*");
}

Arg recurrent_state(LowerContext& c, size_t input, size_t output)
{
    if (c.input(input).kind == TensorKind::state) return c.state(input);
    const int64_t bytes = c.input(input).bytes();
    const std::string c_type = std::string(dtype_c_name(c.input(input).type)) + "*";
    const Arg place = output < c.node.outputs.size()
                          ? c.out(output)
                          : c.scratch(bytes, element_bytes(c.input(input).type), c_type);
    c.call("thb_copy", {typed(c.in(input), "const void*"), c.in_flash(input), typed(place, "void*"),
                        c.number(bytes, "uint32_t")});
    return place;
}

RecurrentStrides recurrent_strides(const RecurrentSizes& size, int64_t outputs,
                                   const RecurrentAttributes& attributes)
{
    RecurrentStrides strides = {
        .in_batch = attributes.time_major ? size.in_count : size.steps * size.in_count,
        .in_step = attributes.time_major ? size.batches * size.in_count : size.in_count,
        .out_batch = attributes.time_major ? outputs : size.steps * outputs,
        .out_step = attributes.time_major ? size.batches * outputs : outputs};
    if (!attributes.return_sequences) {
        strides.out_batch = outputs;
        strides.out_step = 0;
    }
    if (attributes.reverse) {
        strides.in_first = (size.steps - 1) * strides.in_step;
        strides.out_first = (size.steps - 1) * strides.out_step;
        strides.in_step = -strides.in_step;
        strides.out_step = -strides.out_step;
    }
    return strides;
}

}  // namespace thimble
