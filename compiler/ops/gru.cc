// Gated recurrent unit: a layer over time with a hidden state h,
//
//   z = s(Wz x + bz + Uz h + rz), r = s(Wr x + br + Ur h + rr)
//   reset_after:  g = a(Wh x + bh + r (Uh h + rh));  else  g = a(Wh x + bh + Uh (r h) + rh)
//   h' = z h + (1 - z) g
//
// Inputs and attributes: ops/recurrent.h. No file format of TensorFlow Lite has this operator: the
// passes that recognise cells make it. It computes in float, on weights that may be float16, int8
// or int4; quantised cells stay the operators that the file spells out.
// Source: Cho et al. 2014; Chung et al. 2014; Keras for reset_after.
#include "ops/recurrent_layer.h"

#include <fmt/format.h>

namespace thimble {

namespace {

// The places of the gates in each group of inputs.
constexpr size_t kUpdate = 0, kReset = 1, kCandidate = 2, kGates = 3;

const GruAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const GruAttributes&>(node.attributes);
}

RecurrentSizes sizes_of(const Graph& graph, const Node& node)
{
    return recurrent_sizes(graph, node, gru_input::recurrent_weights);
}

void check_inputs(const Graph& graph, const Node& node)
{
    require_inputs(node, gru_input::input_biases, gru_input::count);
    require_shape(node.inputs.size() == gru_input::count,
                  fmt::format("{} inputs", node.inputs.size()),
                  fmt::format("{}", size_t{gru_input::count}));
    require_shape(node.outputs.size() == 1 || node.outputs.size() == 2,
                  fmt::format("{} outputs", node.outputs.size()), "1, or 2 with the final state");
    require_shape(graph.has_input(node, gru_input::hidden), "no hidden state",
                  "a state, or its initial value");
    require_rank(graph, node, gru_input::x, 2, 3);
    require_rank(graph, node, gru_input::recurrent_weights, 2, 2);
}

void infer(Graph& graph, Node& node)
{
    check_inputs(graph, node);
    const RecurrentSizes size = sizes_of(graph, node);
    require(graph.input(node, gru_input::x).type == DType::f32, ErrorCode::T0203,
            {"", fmt::format("a gru layer on {}", dtype_name(graph.input(node, gru_input::x).type)),
             "float32: a quantised gru is computed operator by operator",
             "convert the model with quantised operators in the cell, or keep the layer in float"});
    require_shape(graph.input(node, gru_input::x).count() > 0 && size.units > 0,
                  "input " + shape_text(graph.input(node, gru_input::x).shape),
                  "at least one step, input and unit");
    for (size_t g = 0; g < kGates; ++g) {
        for (const size_t first : {gru_input::input_weights, gru_input::recurrent_weights}) {
            require_type(graph, node, first + g, "weights",
                         {DType::f32, DType::f16, DType::i8, DType::i4});
            require_matrix(graph, node, first + g, size.units,
                           first == gru_input::input_weights ? size.in_count : size.units);
            require_hybrid(graph, node, first + g, size.units);
            require_fixed(graph, node, first + g);
        }
        for (const size_t first : {gru_input::input_biases, gru_input::recurrent_biases}) {
            require_type(graph, node, first + g, "bias", {DType::f32});
            require_vector(graph, node, first + g, size.units);
            require_fixed(graph, node, first + g);
        }
    }
    require_type(graph, node, gru_input::hidden, "state", {DType::f32});
    require_vector(graph, node, gru_input::hidden, size.batches * size.units);
    set_recurrent_outputs(graph, node, size, size.units);
}

// ---- oracle ----

struct Gate {
    std::vector<float> input, recurrent, input_bias, recurrent_bias;
};

float at_or_zero(const std::vector<float>& values, size_t at)
{
    return values.empty() ? 0.0f : values[at];
}

float from_input(const Gate& gate, std::span<const float> x, size_t o)
{
    return oracle_row_product(gate.input, o, x) + at_or_zero(gate.input_bias, o);
}

float from_state(const Gate& gate, std::span<const float> h, size_t o)
{
    return oracle_row_product(gate.recurrent, o, h) + at_or_zero(gate.recurrent_bias, o);
}

// One step of one batch item; h is read and overwritten.
void step(const std::vector<Gate>& gates, const GruAttributes& attributes, std::span<const float> x,
          std::span<float> h)
{
    const std::vector<float> old(h.begin(), h.end());
    std::vector<float> update(h.size()), reset(h.size()), kept(h.size());
    for (size_t o = 0; o < h.size(); ++o) {
        const auto gate = [&](size_t g) {
            return oracle_cell_activation(
                attributes.recurrent_activation,
                from_input(gates[g], x, o) + from_state(gates[g], old, o));
        };
        update[o] = gate(kUpdate);
        reset[o] = gate(kReset);
        kept[o] = reset[o] * old[o];
    }
    for (size_t o = 0; o < h.size(); ++o) {
        const float remembered = attributes.reset_after
                                     ? reset[o] * from_state(gates[kCandidate], old, o)
                                     : from_state(gates[kCandidate], kept, o);
        const float candidate = oracle_cell_activation(
            attributes.activation, from_input(gates[kCandidate], x, o) + remembered);
        h[o] = update[o] * old[o] + (1.0f - update[o]) * candidate;
    }
}

void eval(EvalContext& c)
{
    std::vector<Gate> gates;
    for (size_t g = 0; g < kGates; ++g)
        gates.push_back({oracle_floats(c, gru_input::input_weights + g),
                         oracle_floats(c, gru_input::recurrent_weights + g),
                         oracle_floats(c, gru_input::input_biases + g),
                         oracle_floats(c, gru_input::recurrent_biases + g)});
    oracle_run_steps(c, sizes_of(c.graph, c.node), gru_input::hidden,
                     [&](std::span<const float> x, std::span<float> h) {
                         step(gates, attributes_of(c.node), x, h);
                     });
}

// ---- lowering ----

// [u][4]: of z and r the sum of both biases, then the candidate's two; with reset before the
// product these are one sum as well.
std::vector<float> bias_table(const LowerContext& c, size_t units, bool reset_after)
{
    const auto value = [&](size_t input, size_t o) {
        return c.has_input(input) ? c.input(input).values<float>()[o] : 0.0f;
    };
    std::vector<float> table;
    for (size_t o = 0; o < units; ++o) {
        for (size_t g = 0; g < kGates; ++g) {
            const float recurrent = value(gru_input::recurrent_biases + g, o);
            const bool apart = g == kCandidate && reset_after;
            table.push_back(value(gru_input::input_biases + g, o) + (apart ? 0.0f : recurrent));
        }
        table.push_back(reset_after ? value(gru_input::recurrent_biases + kCandidate, o) : 0.0f);
    }
    return table;
}

void lower(LowerContext& c)
{
    const RecurrentSizes size = sizes_of(c.graph, c.node);
    const GruAttributes& attributes = attributes_of(c.node);
    const auto units = static_cast<size_t>(size.units);
    std::vector<WeightRow> rows;
    for (size_t o = 0; o < units; ++o)
        for (size_t g = 0; g < kGates; ++g) {
            rows.push_back({&c.input(gru_input::input_weights + g), o});
            rows.push_back({&c.input(gru_input::recurrent_weights + g), o});
        }
    const PackedRows weights = packed_rows(c, rows, "weights of " + c.node.name);
    const Arg bias =
        c.table(bias_table(c, units, attributes.reset_after), "bias of " + c.node.name);
    const RecurrentStrides strides = recurrent_strides(size, size.units, attributes);
    const Arg in = recurrent_input(c);
    const Arg hidden = recurrent_state(c, gru_input::hidden, 1);
    const auto index = [&](int64_t value) { return c.number(value, "thb_index_t"); };
    c.call("thb_gru_f32",
           {in,
            weights.data,
            weights.format,
            weights.scales,
            bias,
            hidden,
            attributes.reset_after ? c.null("float*") : c.scratch(size.units * 4, 4, "float*"),
            c.out(),
            index(size.batches),
            index(size.steps),
            index(size.in_count),
            index(size.units),
            index(strides.in_first),
            index(strides.in_batch),
            index(strides.in_step),
            index(strides.out_first),
            index(strides.out_batch),
            index(strides.out_step),
            c.key(int64_t{attributes.reset_after}),
            c.key(static_cast<int64_t>(attributes.activation)),
            c.key(static_cast<int64_t>(attributes.recurrent_activation))});
}

int64_t macs(const Graph& graph, const Node& node)
{
    const RecurrentSizes size = sizes_of(graph, node);
    return size.batches * size.steps * static_cast<int64_t>(kGates) * size.units *
           (size.in_count + size.units);
}

}  // namespace

extern const OpDef op_gru;
const OpDef op_gru = {.name = "gru",
                      .infer = infer,
                      .eval = eval,
                      .lower = lower,
                      .macs = macs,
                      .has_side_effect = true};

}  // namespace thimble
