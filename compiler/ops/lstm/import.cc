// The three forms of an LSTM in the TensorFlow Lite format:
// - UNIDIRECTIONAL_SEQUENCE_LSTM: the inputs of ops/recurrent.h (20 without layer normalisation);
// - BIDIRECTIONAL_SEQUENCE_LSTM: two of them, and a concatenation of their outputs;
// - LSTM: one step, with the same inputs ("full kernel"), or with one block of weights, gates in
//   the order i, g, f, o, and explicit states ("basic kernel").
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/concat.h"
#include "ops/lstm/lstm.h"
#include "ops/recurrent_layer.h"

#include <fmt/format.h>

namespace thimble {

namespace {

CellActivation activation_from(int code)
{
    switch (code) {
    // Without one the runtimes stop, or take what a scratch buffer holds.
    case tflite_field::kActivationRelu: return CellActivation::relu;
    case tflite_field::kActivationRelu6: return CellActivation::relu6;
    case tflite_field::kActivationTanh: return CellActivation::tanh;
    default:
        fail(ErrorCode::T0202, {"", fmt::format("fused activation {}", code),
                                "RELU, RELU6 or TANH", "train the model with tanh"});
    }
}

// What a variant of the operator that thimble does not know is called.
void refuse(bool condition, std::string found, std::string expected)
{
    require(!condition, ErrorCode::T0202,
            {"", std::move(found), std::move(expected),
             "export the model with UNIDIRECTIONAL_SEQUENCE_LSTM layers"});
}

// Positions among the inputs of BIDIRECTIONAL_SEQUENCE_LSTM.
namespace bidirectional_input {
enum : size_t {
    backward_weights = 18,  // 17 tensors in the order of the forward ones, which begin at 1
    forward_states = 35,
    backward_states = 37,
    auxiliary = 39,
    auxiliary_weights = 40,  // 8 tensors
    count = 48,
};
}

// One direction as a node of its own; `weights` is the place of its first weight.
Node one_direction(const Node& both, const LstmAttributes& attributes, size_t weights,
                   size_t states)
{
    Node node = both;
    node.attributes = attributes;
    node.inputs.assign(lstm_input::count, kNoTensor);
    node.inputs[lstm_input::x] = both.inputs[0];
    for (size_t i = lstm_input::input_weights; i < lstm_input::hidden; ++i)
        node.inputs[i] = both.inputs[weights + i - lstm_input::input_weights];
    node.inputs[lstm_input::hidden] = both.inputs[states];
    node.inputs[lstm_input::cell] = both.inputs[states + 1];
    return node;
}

// An output of one direction that only the concatenation reads.
TensorId half_output(Graph& graph, const Node& node, TensorId like)
{
    Tensor tensor = graph.tensor(like);
    tensor.name = node.name;
    return graph.add_tensor(std::move(tensor));
}

// [rows, columns] of a larger matrix of floats as a constant of its own.
TensorId part_of(Graph& graph, TensorId whole, const std::string& name, int64_t first_row,
                 int64_t rows, int64_t first_column, int64_t columns)
{
    const auto values = graph.tensor(whole).values<float>();
    const int64_t row_size = graph.tensor(whole).shape.back();
    std::vector<uint8_t> bytes;
    for (int64_t r = first_row; r < first_row + rows; ++r) {
        const float* begin = values.data() + r * row_size + first_column;
        const auto* raw = reinterpret_cast<const uint8_t*>(begin);
        bytes.insert(bytes.end(), raw, raw + static_cast<size_t>(columns) * sizeof(float));
    }
    Tensor part;
    part.name = graph.tensor(whole).name + "/" + name;
    part.shape = {rows, columns};
    const TensorId id = graph.add_tensor(std::move(part));
    graph.set_constant(id, std::move(bytes));
    return id;
}

// Positions among the inputs of the basic kernel.
enum : size_t { kBasicX, kBasicHidden, kBasicWeights, kBasicBias, kBasicCell, kBasicCount };

void check_basic(const Graph& graph, const Node& node)
{
    require_inputs(node, kBasicCount, kBasicCount);
    require_shape(node.outputs.size() >= 2, fmt::format("{} outputs", node.outputs.size()),
                  "the new hidden and cell state");
    for (const size_t i : {kBasicX, kBasicHidden, kBasicWeights, kBasicCell})
        require_rank(graph, node, i, 2, 2);
    for (size_t i = 0; i < kBasicCount; ++i)
        refuse(graph.input(node, i).type != DType::f32,
               fmt::format("a basic LSTM kernel with '{}' of type {}", graph.input(node, i).name,
                           dtype_name(graph.input(node, i).type)),
               "float32 throughout");
    for (const size_t i : {kBasicWeights, kBasicBias})
        refuse(!graph.input(node, i).is_constant(),
               fmt::format("'{}', computed at run time", graph.input(node, i).name),
               "constant weights and biases");
    for (const size_t i : {kBasicHidden, kBasicCell})
        refuse(graph.input(node, i).kind == TensorKind::state,
               fmt::format("a basic LSTM kernel that reads the variable '{}'",
                           graph.input(node, i).name),
               "the previous state as an ordinary tensor");
    const int64_t in = graph.input(node, kBasicX).shape[1];
    const int64_t units = graph.input(node, kBasicHidden).shape[1];
    const Shape& weights = graph.input(node, kBasicWeights).shape;
    require_shape(weights == Shape({4 * units, in + units}), "weights " + shape_text(weights),
                  shape_text({4 * units, in + units}));
    require_shape(graph.input(node, kBasicBias).count() == 4 * units,
                  "bias " + shape_text(graph.input(node, kBasicBias).shape),
                  fmt::format("{} elements", 4 * units));
}

// Splits the block of weights, whose gates stand in the order i, g, f, o.
void import_basic(Graph& graph, Node& node)
{
    check_basic(graph, node);
    const int64_t in = graph.input(node, kBasicX).shape[1];
    const int64_t units = graph.input(node, kBasicHidden).shape[1];
    const TensorId weights = node.inputs[kBasicWeights];
    Tensor row = graph.tensor(node.inputs[kBasicBias]);
    row.shape = {1, row.count()};
    const TensorId bias = graph.add_tensor(std::move(row));
    std::vector<TensorId> inputs(lstm_input::count, kNoTensor);
    inputs[lstm_input::x] = node.inputs[kBasicX];
    inputs[lstm_input::hidden] = node.inputs[kBasicHidden];
    inputs[lstm_input::cell] = node.inputs[kBasicCell];
    static constexpr int64_t kBlockOf[4] = {0, 2, 1, 3};  // of the gates i, f, g, o
    static constexpr const char* kNames[4] = {"input", "forget", "cell", "output"};
    for (size_t g = 0; g < 4; ++g) {
        const int64_t first = kBlockOf[g] * units;
        inputs[lstm_input::input_weights + g] =
            part_of(graph, weights, kNames[g], first, units, 0, in);
        inputs[lstm_input::recurrent_weights + g] =
            part_of(graph, weights, kNames[g], first, units, in, units);
        inputs[lstm_input::biases + g] = part_of(graph, bias, kNames[g], 0, 1, first, units);
    }
    node.inputs = inputs;
    const TensorId cell = node.outputs[1];
    node.outputs = {node.outputs[0], half_output(graph, node, node.outputs[0]), cell};
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
    require_rank(graph, node, lstm_input::x, 3, 3);
    node.inputs.resize(lstm_input::count, kNoTensor);
    mark_sequence_states(graph, node, {lstm_input::hidden, lstm_input::cell});
    const Tensor& out = graph.output(node, 0);
    if (is_float(out.type) || node.inputs[lstm_input::hidden] == kNoTensor) return;
    const float hidden = graph.input(node, lstm_input::hidden).quant.scale();
    if (out.quant.scale() != hidden)
        graph.notes.push_back(
            fmt::format("layer '{}': its output is the hidden state, in steps of {}, not of the "
                        "{} of the file; TFLM does the same",
                        node.name, hidden, out.quant.scale()));
}

void import_bidirectional_lstm(const TfliteOperator& source, Graph& graph, Node& node)
{
    namespace field = tflite_field::bidirectional_sequence_lstm;
    namespace input = bidirectional_input;
    const bool merged = source.options.boolean(field::merge_outputs);
    require_inputs(node, 1, input::count);
    require_outputs(node, merged ? 1 : 2);
    node.inputs.resize(input::count, kNoTensor);
    require_rank(graph, node, 0, 3, 3);
    for (size_t i = 0; i < 8; ++i)
        refuse(graph.has_input(node, input::auxiliary_weights + i),
               "an auxiliary input with weights of its own", "no auxiliary weights");
    LstmAttributes attributes;
    attributes.time_major = source.options.boolean(field::time_major, true);
    attributes.activation = activation_from(source.options.i8(field::fused_activation));
    attributes.cell_clip = source.options.f32(field::cell_clip);
    attributes.projection_clip = source.options.f32(field::proj_clip);
    Node forward = one_direction(node, attributes, 1, input::forward_states);
    attributes.reverse = true;
    Node backward =
        one_direction(node, attributes, input::backward_weights, input::backward_states);
    // Without weights of its own it is what the backward direction looks at.
    if (graph.has_input(node, input::auxiliary))
        backward.inputs[lstm_input::x] = node.inputs[input::auxiliary];
    backward.name += "_backward";
    forward.outputs = {node.outputs[0]};
    backward.outputs = {node.outputs.back()};
    if (merged) {
        forward.name += "_forward";
        forward.outputs = {half_output(graph, forward, node.outputs[0])};
        backward.outputs = {half_output(graph, backward, node.outputs[0])};
    }
    for (Node* one : {&forward, &backward}) {
        one->op = find_op("lstm");
        mark_sequence_states(graph, *one, {lstm_input::hidden, lstm_input::cell});
        infer_lstm(graph, *one);
    }
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

void import_lstm(const TfliteOperator& source, Graph& graph, Node& node)
{
    namespace field = tflite_field::lstm;
    const int kernel = source.options.i8(field::kernel_type);
    refuse(kernel != tflite_field::kLstmKernelFull && kernel != tflite_field::kLstmKernelBasic,
           fmt::format("LSTM kernel type {}", kernel), "the full or the basic kernel");
    LstmAttributes attributes;
    if (kernel == tflite_field::kLstmKernelBasic) {
        node.attributes = attributes;  // It knows no activation but tanh, and no clip.
        return import_basic(graph, node);
    }
    attributes.activation = activation_from(source.options.i8(field::fused_activation));
    attributes.cell_clip = source.options.f32(field::cell_clip);
    attributes.projection_clip = source.options.f32(field::proj_clip);
    node.attributes = attributes;
    require_inputs(node, 1, lstm_input::count);
    require_outputs(node, 1);
    require_rank(graph, node, lstm_input::x, 2, 2);
    node.inputs.resize(lstm_input::count, kNoTensor);
    mark_sequence_states(graph, node, {lstm_input::hidden, lstm_input::cell});
}

}  // namespace thimble
