// An lstm node as UNIDIRECTIONAL_SEQUENCE_LSTM: 24 inputs, the states as variable tensors; an
// integer one with its five intermediate tensors, of which the runtimes read the last one's scale.
#include "formats/tflite_fields.h"
#include "ops/lstm/lstm.h"
#include "ops/recurrent_layer.h"
#include "ops/tflite_export.h"

namespace thimble {

namespace {

// Scales of the four gates, unused without layer normalisation, then the hidden state's.
std::vector<int> add_intermediates(TfliteExport& file, const Node& node)
{
    static constexpr const char* kGates[4] = {"input", "forget", "cell", "output"};
    std::vector<int> intermediates;
    for (const char* gate : kGates)
        intermediates.push_back(
            file.add(Tensor{}, node.name + "/" + gate + "_intermediate", Shape{0}));
    const Tensor& hidden = file.graph.input(node, lstm_input::hidden);
    intermediates.push_back(file.add(hidden, node.name + "/hidden_intermediate", Shape{0}));
    return intermediates;
}

}  // namespace

void export_lstm(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::sequence_lstm;
    const LstmAttributes& a = lstm_attributes(node);
    if (a.recurrent_activation != CellActivation::sigmoid ||
        a.activation == CellActivation::sigmoid || a.activation == CellActivation::none)
        refuse_export("an LSTM with other activations than sigmoid gates and tanh or relu",
                      "sigmoid gates, tanh or relu elsewhere", "train the layer with tanh");
    export_sequence(file, node, lstm_input::hidden, [&](int in, int out) {
        TfliteDraftOperator op;
        op.name = "UNIDIRECTIONAL_SEQUENCE_LSTM";
        op.inputs = file.tensors(node.inputs);
        op.inputs[lstm_input::x] = in;
        op.outputs = {out};
        if (!is_float(file.graph.input(node, lstm_input::x).type))
            op.intermediates = add_intermediates(file, node);
        op.options = {{field::fused_activation, static_cast<int8_t>(a.activation)},
                      {field::cell_clip, a.cell_clip},
                      {field::proj_clip, a.projection_clip},
                      {field::time_major, a.time_major}};
        file.write(std::move(op));
    });
}

}  // namespace thimble
