// Float LSTM to one kernel call: the weights of all gates become one table, unit by unit, in the
// form in which the file holds them.
#include "numeric/requantize.h"
#include "ops/lstm/lstm.h"
#include "ops/recurrent_layer.h"

namespace thimble {

namespace {

// [u][i + m][gate], scales [u][gate][2]
PackedRows packed_gates(LowerContext& c, const LstmSizes& size, size_t first)
{
    std::vector<WeightBlock> blocks;
    std::vector<float> scales;
    for (size_t o = 0; o < static_cast<size_t>(size.units); ++o) {
        WeightBlock input, recurrent;
        for (size_t g = first; g < 4; ++g) {
            input.push_back({&c.input(lstm_input::input_weights + g), o});
            recurrent.push_back({&c.input(lstm_input::recurrent_weights + g), o});
            scales.push_back(scale_of(input.back()));
            scales.push_back(scale_of(recurrent.back()));
        }
        blocks.push_back(input);
        blocks.push_back(recurrent);
    }
    PackedRows packed = packed_blocks(c, blocks, "weights of " + c.node.name);
    if (packed.scaled()) packed.scales = c.table(scales, "scales of " + c.node.name, false);
    return packed;
}

PackedRows packed_projection(LowerContext& c, const LstmSizes& size)
{
    if (!c.has_input(lstm_input::projection))
        return {c.null("const void*"), c.key_text("THB_WEIGHTS_F32"), c.null("const float*")};
    std::vector<WeightRow> rows;
    for (size_t m = 0; m < static_cast<size_t>(size.outputs); ++m)
        rows.push_back({&c.input(lstm_input::projection), m});
    return packed_rows(c, rows, "projection of " + c.node.name);
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

}  // namespace

void lower_lstm_float(LowerContext& c)
{
    const LstmSizes size = lstm_sizes(c.graph, c.node);
    const LstmAttributes& attributes = lstm_attributes(c.node);
    const size_t first = lstm_is_coupled(c.graph, c.node) ? 1 : 0;
    const bool normed = c.has_input(lstm_input::layer_norm + 1);
    const bool projected = c.has_input(lstm_input::projection);
    const RecurrentStrides strides = recurrent_strides(size, size.outputs, attributes);
    const PackedRows weights = packed_gates(c, size, first);
    const PackedRows projection = packed_projection(c, size);
    const auto scratch = [&](bool wanted, int64_t count) {
        return wanted ? c.scratch(count * 4, 4, "float*") : c.null("float*");
    };
    const Arg in = recurrent_input(c);
    const Arg hidden = recurrent_state(c, lstm_input::hidden, 1);
    const Arg cell = recurrent_state(c, lstm_input::cell, 2);
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
