// Float LSTM to one kernel call: the weights of all gates become one table, unit by unit, in the
// form in which the file holds them.
#include "numeric/requantize.h"
#include "ops/lstm/lstm.h"
#include "ops/weights.h"

#include <cmath>
#include <cstring>

namespace thimble {

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
    const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24)
                                           : std::ldexp(1024 + mantissa, exponent - 25);
    return static_cast<float>(half & 0x8000 ? -magnitude : magnitude);
}

float scale_of(const Tensor& tensor, size_t row)
{
    return tensor.quant.scale_at(static_cast<int64_t>(row));
}

// One element as float, whatever the format.
float real_value(const Tensor& tensor, size_t at, size_t columns)
{
    switch (tensor.type) {
    case DType::f16: return half_value(tensor.values<uint16_t>()[at]);
    case DType::i8:
    case DType::i4:
        return static_cast<float>(tensor.values<int8_t>()[at]) * scale_of(tensor, at / columns);
    default: return tensor.values<float>()[at];
    }
}

struct Packed {
    Arg data, format, scales;
};

// A row of a matrix.
struct Row {
    const Tensor* tensor;
    size_t row;
};

// Rows of equal length, of which the elements stand interleaved: first the first of each.
using Block = std::vector<Row>;

template <typename T> std::vector<T> elements(const std::vector<Block>& blocks)
{
    std::vector<T> packed;
    for (const Block& block : blocks) {
        const auto columns = static_cast<size_t>(block[0].tensor->shape[1]);
        for (size_t k = 0; k < columns; ++k)
            for (const Row& one : block)
                packed.push_back(one.tensor->values<T>()[one.row * columns + k]);
    }
    return packed;
}

std::vector<float> real_elements(const std::vector<Block>& blocks)
{
    std::vector<float> packed;
    for (const Block& block : blocks) {
        const auto columns = static_cast<size_t>(block[0].tensor->shape[1]);
        for (size_t k = 0; k < columns; ++k)
            for (const Row& one : block)
                packed.push_back(real_value(*one.tensor, one.row * columns + k, columns));
    }
    return packed;
}

// Blocks one behind the other in their common format; float32 when they have none.
Packed packed_blocks(LowerContext& c, const std::vector<Block>& blocks, const std::string& purpose)
{
    const DType type = blocks[0][0].tensor->type;
    bool same = true;
    for (const Block& block : blocks)
        for (const Row& one : block) same = same && one.tensor->type == type;
    Packed packed = {.scales = c.null("const float*")};
    if (same && type == DType::f16) {
        packed.data = c.table(elements<uint16_t>(blocks), purpose);
        packed.format = c.key_text("THB_WEIGHTS_F16");
    } else if (same && (type == DType::i8 || type == DType::i4)) {
        packed.data = c.table(elements<int8_t>(blocks), purpose);
        packed.format = c.key_text("THB_WEIGHTS_S8");
    } else {
        packed.data = c.table(real_elements(blocks), purpose);
        packed.format = c.key_text("THB_WEIGHTS_F32");
    }
    packed.data = typed(packed.data, "const void*");
    return packed;
}

bool has_scales(const Packed& packed) { return packed.format.text == "THB_WEIGHTS_S8"; }

// [u][i + m][gate], scales [u][gate][2]
Packed packed_gates(LowerContext& c, const LstmSizes& size, size_t first)
{
    std::vector<Block> blocks;
    std::vector<float> scales;
    for (size_t o = 0; o < static_cast<size_t>(size.units); ++o) {
        Block input, recurrent;
        for (size_t g = first; g < 4; ++g) {
            input.push_back({&c.input(lstm_input::input_weights + g), o});
            recurrent.push_back({&c.input(lstm_input::recurrent_weights + g), o});
            scales.push_back(scale_of(*input.back().tensor, o));
            scales.push_back(scale_of(*recurrent.back().tensor, o));
        }
        blocks.push_back(input);
        blocks.push_back(recurrent);
    }
    Packed packed = packed_blocks(c, blocks, "weights of " + c.node.name);
    if (has_scales(packed)) packed.scales = c.table(scales, "scales of " + c.node.name, false);
    return packed;
}

Packed packed_projection(LowerContext& c, const LstmSizes& size)
{
    if (!c.has_input(lstm_input::projection))
        return {c.null("const void*"), c.key_text("THB_WEIGHTS_F32"), c.null("const float*")};
    const Tensor& projection = c.input(lstm_input::projection);
    std::vector<Block> rows;
    std::vector<float> scales;
    for (size_t m = 0; m < static_cast<size_t>(size.outputs); ++m) {
        rows.push_back({{&projection, m}});
        scales.push_back(scale_of(projection, m));
    }
    Packed packed = packed_blocks(c, rows, "projection of " + c.node.name);
    if (has_scales(packed))
        packed.scales = c.table(scales, "scales of the projection of " + c.node.name, false);
    return packed;
}

// Inputs [first + from, first + count), [u][index]; absent ones are 0.
Arg interleaved(LowerContext& c, size_t first, size_t from, size_t count, int64_t units,
                const std::string& purpose)
{
    std::vector<float> values;
    for (size_t o = 0; o < static_cast<size_t>(units); ++o)
        for (size_t g = from; g < count; ++g)
            values.push_back(c.has_input(first + g) ? c.input(first + g).values<float>()[o] : 0);
    return c.table(values, purpose + c.node.name);
}

Arg layer_norm(LowerContext& c, size_t first)
{
    if (!c.has_input(lstm_input::layer_norm + 1)) return c.null("const float*");
    std::vector<float> values;
    for (size_t g = first; g < 4; ++g) {
        const std::span<const float> one = c.input(lstm_input::layer_norm + g).values<float>();
        values.insert(values.end(), one.begin(), one.end());
    }
    return c.table(values, "layer normalisation of " + c.node.name);
}

// The input in RAM: kernels read it without the flash macros.
Arg input_in_ram(LowerContext& c)
{
    if (!c.input(lstm_input::x).is_constant()) return c.in(lstm_input::x);
    const int64_t bytes = c.input(lstm_input::x).bytes();
    const Arg copy = c.scratch(bytes, 4, "float*");
    c.call("thb_copy", {typed(c.in(lstm_input::x), "const void*"), c.in_flash(lstm_input::x),
                        typed(copy, "void*"), c.number(bytes, "uint32_t")});
    return typed(copy, "const float*");
}

}  // namespace

Arg lstm_state(LowerContext& c, size_t input, size_t output)
{
    if (c.input(input).kind == TensorKind::state) return c.state(input);
    const int64_t bytes = c.input(input).bytes();
    const std::string c_type = std::string(dtype_c_name(c.input(input).type)) + "*";
    const Arg place = output < c.node.outputs.size()
                          ? c.out(output)
                          : c.scratch(bytes, element_bytes(c.input(input).type), c_type);
    c.call("thb_copy", {typed(c.in(input), "const void*"), c.in_flash(input),
                        typed(place, "void*"), c.number(bytes, "uint32_t")});
    return place;
}

LstmStrides lstm_strides(const LstmSizes& size, const LstmAttributes& attributes)
{
    LstmStrides strides = {
        .in_batch = attributes.time_major ? size.in_count : size.steps * size.in_count,
        .in_step = attributes.time_major ? size.batches * size.in_count : size.in_count,
        .out_batch = attributes.time_major ? size.outputs : size.steps * size.outputs,
        .out_step = attributes.time_major ? size.batches * size.outputs : size.outputs};
    if (!attributes.return_sequences) {
        strides.out_batch = size.outputs;
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

void lower_lstm_float(LowerContext& c)
{
    const LstmSizes size = lstm_sizes(c.graph, c.node);
    const LstmAttributes& attributes = lstm_attributes(c.node);
    const size_t first = lstm_is_coupled(c.graph, c.node) ? 1 : 0;
    const bool normed = c.has_input(lstm_input::layer_norm + 1);
    const bool projected = c.has_input(lstm_input::projection);
    const LstmStrides strides = lstm_strides(size, attributes);
    const Packed weights = packed_gates(c, size, first);
    const Packed projection = packed_projection(c, size);
    const auto scratch = [&](bool wanted, int64_t count) {
        return wanted ? c.scratch(count * 4, 4, "float*") : c.null("float*");
    };
    const Arg in = input_in_ram(c);
    const Arg hidden = lstm_state(c, lstm_input::hidden, 1);
    const Arg cell = lstm_state(c, lstm_input::cell, 2);
    const auto index = [&](int64_t value) { return c.number(value, "thb_index_t"); };
    c.call("thb_lstm_f32",
           {in, weights.data, weights.format, weights.scales,
            interleaved(c, lstm_input::biases, first, 4, size.units, "bias of "),
            c.has_input(lstm_input::peepholes + 1)
                ? interleaved(c, lstm_input::peepholes, 0, 3, size.units, "peepholes of ")
                : c.null("const float*"),
            layer_norm(c, first), projection.data, projection.format, projection.scales,
            c.has_input(lstm_input::projection_bias) ? c.in(lstm_input::projection_bias)
                                                     : c.null("const float*"),
            hidden, cell, scratch(normed, 4 * size.units), scratch(projected, size.units), c.out(),
            index(size.batches), index(size.steps), index(size.in_count), index(size.units),
            index(size.outputs), index(strides.in_first), index(strides.in_batch),
            index(strides.in_step), index(strides.out_first), index(strides.out_batch),
            index(strides.out_step), c.key(static_cast<int64_t>(4 - first)),
            c.key(static_cast<int64_t>(attributes.activation)),
            c.key(static_cast<int64_t>(attributes.recurrent_activation)),
            c.key(attributes.cell_clip), c.key(attributes.projection_clip)});
}

}  // namespace thimble
