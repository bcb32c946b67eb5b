// Simple recurrent layer: h' = clip(a(W x + U h + b)), step after step.
//
// Inputs and attributes: ops/recurrent.h. TensorFlow Lite has three forms: RNN is one step,
// UNIDIRECTIONAL_SEQUENCE_RNN a sequence, BIDIRECTIONAL_SEQUENCE_RNN two of them, of which the
// second runs backwards, and a concatenation of their outputs. It computes in float, on weights
// that may be float16, int8 or int4.
// Source: Elman 1990; TFLite reference kernels.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/concat.h"
#include "ops/recurrent_layer.h"
#include "ops/tflite_export.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

const SimpleRnnAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const SimpleRnnAttributes&>(node.attributes);
}

RecurrentSizes sizes_of(const Graph& graph, const Node& node)
{
    return recurrent_sizes(graph, node, simple_rnn_input::recurrent_weights);
}

// One direction as the file has it: x, weights, recurrent weights, bias, variable state.
void import_direction(Graph& graph, Node& node, int rank, bool time_major, int activation)
{
    require_inputs(node, simple_rnn_input::bias, simple_rnn_input::count);
    require_shape(graph.has_input(node, simple_rnn_input::hidden), "no hidden state",
                  "a variable tensor as input 4");
    require_rank(graph, node, simple_rnn_input::x, static_cast<size_t>(rank),
                 static_cast<size_t>(rank));
    SimpleRnnAttributes attributes;
    attributes.time_major = time_major;
    attributes.activation = cell_activation_from(activation);
    node.attributes = attributes;
    mark_sequence_states(graph, node, {simple_rnn_input::hidden});
}

void import_rnn(const TfliteOperator& source, Graph& graph, Node& node)
{
    require_outputs(node, 1);
    import_direction(graph, node, 2, false, source.options.i8(tflite_field::rnn::fused_activation));
}

void import_sequence_rnn(const TfliteOperator& source, Graph& graph, Node& node)
{
    namespace field = tflite_field::sequence_rnn;
    require_outputs(node, 1);
    import_direction(graph, node, 3, source.options.boolean(field::time_major),
                     source.options.i8(field::fused_activation));
}

// Positions among the inputs of BIDIRECTIONAL_SEQUENCE_RNN.
namespace both_input {
enum : size_t { forward = 1, backward = 5, auxiliary = 9, auxiliary_weights = 10, count = 12 };
}

void import_bidirectional_rnn(const TfliteOperator& source, Graph& graph, Node& node)
{
    namespace field = tflite_field::bidirectional_sequence_rnn;
    const bool merged = source.options.boolean(field::merge_outputs);
    require_inputs(node, 1, both_input::count);
    require_outputs(node, merged ? 1 : 2);
    node.inputs.resize(both_input::count, kNoTensor);
    for (const size_t i : {size_t{0}, size_t{1}})
        require(!graph.has_input(node, both_input::auxiliary_weights + i), ErrorCode::T0202,
                {"", "an auxiliary input with weights of its own", "no auxiliary weights",
                 "export the model with UNIDIRECTIONAL_SEQUENCE_RNN layers"});
    const auto direction = [&](size_t first, bool reverse, size_t output) {
        Node one = node;
        one.op = find_op("simple_rnn");
        one.name += reverse ? "_backward" : "_forward";
        one.inputs.assign(node.inputs.begin() + static_cast<ptrdiff_t>(first) - 1,
                          node.inputs.begin() + static_cast<ptrdiff_t>(first) + 4);
        one.inputs[simple_rnn_input::x] = node.inputs[0];
        // The auxiliary input, without weights, is what the backward direction reads.
        if (reverse && graph.has_input(node, both_input::auxiliary))
            one.inputs[simple_rnn_input::x] = node.inputs[both_input::auxiliary];
        import_direction(graph, one, 3, source.options.boolean(field::time_major),
                         source.options.i8(field::fused_activation));
        std::any_cast<SimpleRnnAttributes&>(one.attributes).reverse = reverse;
        one.outputs = {node.outputs.at(output)};
        if (merged) {
            Tensor half = graph.tensor(node.outputs[0]);
            half.name = one.name;
            one.outputs = {graph.add_tensor(std::move(half))};
        }
        one.op->infer(graph, one);
        return one;
    };
    const Node forward = direction(both_input::forward, false, 0);
    const Node backward = direction(both_input::backward, true, merged ? 0 : 1);
    graph.nodes.push_back(forward);
    if (!merged) {
        node = backward;
        return;
    }
    graph.nodes.push_back(backward);
    node.op = find_op("concat");
    node.attributes = ConcatAttributes{-1};
    node.inputs = {forward.outputs[0], backward.outputs[0]};
}

void export_simple_rnn(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::sequence_rnn;
    const SimpleRnnAttributes& a = attributes_of(node);
    if (a.clip > 0 || a.activation == CellActivation::sigmoid)
        refuse_export("an RNN with a clip, or a sigmoid", "tanh, relu, relu6 or none, and no clip",
                      "train the layer with tanh");
    export_sequence(file, node, simple_rnn_input::hidden, [&](int in, int out) {
        TfliteDraftOperator op;
        op.name = "UNIDIRECTIONAL_SEQUENCE_RNN";
        op.inputs = file.tensors(node.inputs);
        op.inputs[simple_rnn_input::x] = in;
        op.outputs = {out};
        op.options = {{field::time_major, a.time_major},
                      {field::fused_activation, static_cast<int8_t>(a.activation)}};
        file.write(std::move(op));
    });
}

void infer(Graph& graph, Node& node)
{
    namespace input = simple_rnn_input;
    require_inputs(node, input::bias, input::count);
    require_shape(node.outputs.size() == 1 || node.outputs.size() == 2,
                  fmt::format("{} outputs", node.outputs.size()), "1, or 2 with the final state");
    require_shape(graph.has_input(node, input::hidden), "no hidden state",
                  "a state, or its initial value");
    require_rank(graph, node, input::x, 2, 3);
    require_rank(graph, node, input::recurrent_weights, 2, 2);
    const RecurrentSizes size = sizes_of(graph, node);
    require(graph.input(node, input::x).type == DType::f32, ErrorCode::T0203,
            {"", fmt::format("an RNN layer on {}", dtype_name(graph.input(node, input::x).type)),
             "float32: a quantised cell is computed operator by operator",
             "convert the model with quantised operators in the cell, or keep the layer in float"});
    require_shape(graph.input(node, input::x).count() > 0 && size.units > 0,
                  "input " + shape_text(graph.input(node, input::x).shape),
                  "at least one step, input and unit");
    for (const size_t i : {input::input_weights, input::recurrent_weights}) {
        require_type(graph, node, i, "weights", {DType::f32, DType::f16, DType::i8, DType::i4});
        require_matrix(graph, node, i, size.units,
                       i == input::input_weights ? size.in_count : size.units);
        require_hybrid(graph, node, i, size.units);
        require_fixed(graph, node, i);
    }
    require_type(graph, node, input::bias, "bias", {DType::f32});
    require_vector(graph, node, input::bias, size.units);
    require_fixed(graph, node, input::bias);
    require_type(graph, node, input::hidden, "state", {DType::f32});
    require_vector(graph, node, input::hidden, size.batches * size.units);
    const float clip = attributes_of(node).clip;
    require(clip >= 0 && std::isfinite(clip), ErrorCode::T0202,
            {"", fmt::format("clip {}", clip), "0 for none, or a positive number",
             "export the model again"});
    set_recurrent_outputs(graph, node, size, size.units);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const SimpleRnnAttributes& attributes = attributes_of(c.node);
    const std::vector<float> input = oracle_floats(c, simple_rnn_input::input_weights);
    const std::vector<float> recurrent = oracle_floats(c, simple_rnn_input::recurrent_weights);
    const std::vector<float> bias = oracle_floats(c, simple_rnn_input::bias);
    oracle_run_steps(c, sizes_of(c.graph, c.node), simple_rnn_input::hidden,
                     [&](std::span<const float> x, std::span<float> h) {
                         const std::vector<float> old(h.begin(), h.end());
                         for (size_t o = 0; o < h.size(); ++o) {
                             const float sum = (bias.empty() ? 0.0f : bias[o]) +
                                               oracle_row_product(input, o, x) +
                                               oracle_row_product(recurrent, o, old);
                             h[o] = oracle_cell_clip(
                                 oracle_cell_activation(attributes.activation, sum),
                                 attributes.clip);
                         }
                     });
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const RecurrentSizes size = sizes_of(c.graph, c.node);
    const SimpleRnnAttributes& attributes = attributes_of(c.node);
    std::vector<WeightRow> rows;
    for (size_t o = 0; o < static_cast<size_t>(size.units); ++o)
        for (const size_t i :
             {simple_rnn_input::input_weights, simple_rnn_input::recurrent_weights})
            rows.push_back({&c.input(i), o});
    const PackedRows weights = packed_rows(c, rows, "weights of " + c.node.name);
    std::vector<float> bias(static_cast<size_t>(size.units), 0.0f);
    if (c.has_input(simple_rnn_input::bias))
        std::ranges::copy(c.input(simple_rnn_input::bias).values<float>(), bias.begin());
    const RecurrentStrides strides = recurrent_strides(size, size.units, attributes);
    const Arg in = recurrent_input(c);
    const Arg hidden = recurrent_state(c, simple_rnn_input::hidden, 1);
    const auto index = [&](int64_t value) { return c.number(value, "thb_index_t"); };
    c.call("thb_simple_rnn_f32",
           {in, weights.data, weights.format, weights.scales,
            c.table(bias, "bias of " + c.node.name), hidden, c.out(), index(size.batches),
            index(size.steps), index(size.in_count), index(size.units), index(strides.in_first),
            index(strides.in_batch), index(strides.in_step), index(strides.out_first),
            index(strides.out_batch), index(strides.out_step),
            c.key(static_cast<int64_t>(attributes.activation)), c.key(attributes.clip)});
}

int64_t macs(const Graph& graph, const Node& node)
{
    const RecurrentSizes size = sizes_of(graph, node);
    return size.batches * size.steps * size.units * (size.in_count + size.units);
}

}  // namespace

extern const OpDef op_simple_rnn;
const OpDef op_simple_rnn = {.name = "simple_rnn",
                             .tflite = {{"RNN", import_rnn},
                                        {"UNIDIRECTIONAL_SEQUENCE_RNN", import_sequence_rnn},
                                        {"BIDIRECTIONAL_SEQUENCE_RNN", import_bidirectional_rnn}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .macs = macs,
                             .has_side_effect = true,
                             .export_tflite = export_simple_rnn};

}  // namespace thimble
