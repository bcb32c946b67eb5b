// Long short-term memory: a layer over time with a hidden state h and a cell state c,
//
//   i, f, o = s(W x + U h + b),  g = a(W x + U h + b),  c' = f c + i g,  h' = o a(c')
//
// with the extras and the order of the inputs that ops/recurrent.h states. import.cc reads the
// three forms of the TensorFlow Lite format, infer.cc checks, eval_*.cc are the oracle, lower_*.cc
// write kernel calls. Arithmetic: docs/numerics.md, "Recurrent layers".
// Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000 (forget gate); Sak et al. 2014
// (projection); TFLM and TFLite reference kernels.
#include "ops/lstm/lstm.h"
#include "ops/quantization_rule.h"

namespace thimble {

namespace {

// ---- oracle ----

void eval(EvalContext& c)
{
    if (c.input(lstm_input::x).type == DType::f32) return eval_lstm_float(c);
    eval_lstm_integer(c);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    if (c.input(lstm_input::x).type == DType::f32) return lower_lstm_float(c);
    lower_lstm_integer(c);
}

int64_t macs(const Graph& graph, const Node& node)
{
    const LstmSizes size = lstm_sizes(graph, node);
    const int64_t gates = lstm_is_coupled(graph, node) ? 3 : 4;
    int64_t step = gates * size.units * (size.in_count + size.outputs);
    for (size_t i = 0; i < 3; ++i)
        if (graph.has_input(node, lstm_input::peepholes + i)) step += size.units;
    if (graph.has_input(node, lstm_input::projection)) step += size.units * size.outputs;
    return size.batches * size.steps * step;
}

}  // namespace

LstmSizes lstm_sizes(const Graph& graph, const Node& node)
{
    const Shape& x = graph.input(node, lstm_input::x).shape;
    const bool time_major = lstm_attributes(node).time_major;
    // Of the forget gate: those of the input gate may be absent.
    const Shape& recurrent = graph.input(node, lstm_input::recurrent_weights + 1).shape;
    LstmSizes size = {};
    size.batches = x.size() == 2 ? x.at(0) : x.at(time_major ? 1 : 0);
    size.steps = x.size() == 2 ? 1 : x.at(time_major ? 0 : 1);
    size.in_count = x.back();
    size.units = recurrent.at(0);
    size.outputs = recurrent.at(1);
    return size;
}

const LstmAttributes& lstm_attributes(const Node& node)
{
    return std::any_cast<const LstmAttributes&>(node.attributes);
}

bool lstm_is_coupled(const Graph& graph, const Node& node)
{
    return !graph.has_input(node, lstm_input::input_weights);
}

bool lstm_has_states(const Graph& graph, const Node& node)
{
    return graph.input(node, lstm_input::hidden).kind == TensorKind::state;
}

// Four gates with weights and biases alone: what TFLM's integer kernel computes. One scale for each
// matrix, as it demands.
static QuantizationRule quantization(const Graph& graph, const Node& node)
{
    using Role = QuantizationRule::Role;
    QuantizationRule rule;
    rule.inputs.assign(node.inputs.size(), {.role = Role::kept});
    rule.inputs[lstm_input::x].role = Role::value;
    for (size_t g = 0; g < 4; ++g) {
        rule.inputs[lstm_input::input_weights + g] = {.role = Role::weights, .of = lstm_input::x};
        rule.inputs[lstm_input::recurrent_weights + g] = {.role = Role::weights,
                                                          .of = lstm_input::hidden};
        rule.inputs[lstm_input::biases + g] = {.role = Role::bias,
                                               .of = lstm_input::input_weights + g};
    }
    rule.inputs[lstm_input::hidden].role = Role::hidden;
    rule.inputs[lstm_input::cell].role = Role::cell;
    const LstmAttributes& a = lstm_attributes(node);
    const bool plain = !lstm_is_coupled(graph, node) && lstm_has_states(graph, node) &&
                       !graph.has_input(node, lstm_input::peepholes + 1) &&
                       !graph.has_input(node, lstm_input::projection) &&
                       !graph.has_input(node, lstm_input::layer_norm + 1) &&
                       a.activation == CellActivation::tanh &&
                       a.recurrent_activation == CellActivation::sigmoid;
    rule.int8 = rule.int16 = plain;
    return rule;
}

extern const OpDef op_lstm;
const OpDef op_lstm = {
    .name = "lstm",
    .tflite = {{"UNIDIRECTIONAL_SEQUENCE_LSTM", import_sequence_lstm},
               {"BIDIRECTIONAL_SEQUENCE_LSTM", import_bidirectional_lstm},
               {"LSTM", import_lstm}},
    .infer = infer_lstm,
    .eval = eval,
    .lower = lower,
    .macs = macs,
    .has_side_effect = true,
    .export_tflite = export_lstm,
    .quantization = quantization,
};

}  // namespace thimble
