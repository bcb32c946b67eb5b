// The three forms of an LSTM in the TensorFlow Lite format:
// - UNIDIRECTIONAL_SEQUENCE_LSTM: the inputs of ops/recurrent.h (20 without layer normalisation);
// - BIDIRECTIONAL_SEQUENCE_LSTM: two of them, and a concatenation of their outputs;
// - LSTM: one step, with the same inputs ("full kernel"), or with one block of weights, gates in
//   the order i, g, f, o, and explicit states ("basic kernel").
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/lstm/lstm.h"

#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

CellActivation activation_from(int code)
{
    switch (code) {
    case tflite_field::kActivationNone: return CellActivation::none;
    case tflite_field::kActivationRelu: return CellActivation::relu;
    case tflite_field::kActivationRelu6: return CellActivation::relu6;
    case tflite_field::kActivationTanh: return CellActivation::tanh;
    default:
        fail(ErrorCode::T0202, {"", fmt::format("fused activation {}", code),
                                "none, RELU, RELU6 or TANH", "train the model with tanh"});
    }
}

// Variables among the states start anew with every sequence.
void mark_states(Graph& graph, const Node& node)
{
    for (const size_t state : {lstm_input::hidden, lstm_input::cell}) {
        if (!graph.has_input(node, state)) continue;
        Tensor& tensor = graph.tensor(node.inputs[state]);
        if (tensor.kind == TensorKind::state) tensor.per_sequence = true;
    }
}

}  // namespace

void import_sequence_lstm(const TfliteOperator& source, Graph& graph, Node& node)
{
    namespace field = tflite_field::sequence_lstm;
    require(!source.options.boolean(field::diagonal_recurrent_tensors), ErrorCode::T0202,
            {"", "recurrent weights stored as diagonals", "full matrices",
             "export the model without diagonal recurrent tensors"});
    LstmAttributes attributes;
    attributes.time_major = source.options.boolean(field::time_major);
    attributes.activation = activation_from(source.options.i8(field::fused_activation));
    attributes.cell_clip = source.options.f32(field::cell_clip);
    attributes.projection_clip = source.options.f32(field::proj_clip);
    node.attributes = attributes;
    require_inputs(node, 1, lstm_input::count);
    require_outputs(node, 1);
    node.inputs.resize(lstm_input::count, kNoTensor);
    mark_states(graph, node);
}

}  // namespace thimble
