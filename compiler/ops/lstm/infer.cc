// What an lstm node must be: shapes, element types and scales that belong together.
#include "ops/lstm/lstm.h"
#include "ops/recurrent_layer.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int kCellPowerMin = -29;  // of two, the cell's scale: so that no factor exceeds 1
constexpr int kCellPowerMax = 2;    // so that tanh's argument fits 32 bits

void require_variant(bool condition, std::string found, std::string expected, std::string remedy)
{
    require(condition, ErrorCode::T0202,
            {"", std::move(found), std::move(expected), std::move(remedy)});
}

bool is_integer_cell(const Graph& graph, const Node& node)
{
    return graph.input(node, lstm_input::x).type != DType::f32;
}

// Inputs [first, first + count) are all there or all absent; without input gate, the first of four
// or three gates is absent anyway.
bool has_group(const Graph& graph, const Node& node, size_t first, size_t count, const char* what)
{
    const size_t skipped = lstm_is_coupled(graph, node) ? 1 : 0;
    size_t present = 0;
    for (size_t i = 0; i < count; ++i) present += graph.has_input(node, first + i);
    require_shape(
        present == 0 || (present == count - skipped && (!skipped || !graph.has_input(node, first))),
        fmt::format("{} of {} {}", present, count, what),
        fmt::format("all of them, or none (without input gate: {})", count - skipped));
    return present > 0;
}

void check_presence(const Graph& graph, const Node& node)
{
    require_inputs(node, 1, lstm_input::count);
    require_shape(node.inputs.size() == lstm_input::count,
                  fmt::format("{} inputs", node.inputs.size()),
                  fmt::format("{}", size_t{lstm_input::count}));
    require_shape(!node.outputs.empty() && node.outputs.size() <= 3,
                  fmt::format("{} outputs", node.outputs.size()), "1 to 3");
    for (const size_t first : {lstm_input::input_weights, lstm_input::recurrent_weights})
        for (size_t g = 1; g < 4; ++g)
            require_shape(graph.has_input(node, first + g),
                          fmt::format("input {} is absent", first + g),
                          "weights of the forget, cell and output gate");
    require_shape(graph.has_input(node, lstm_input::input_weights) ==
                      graph.has_input(node, lstm_input::recurrent_weights),
                  "half of the input gate's weights", "both matrices, or none");
    for (const size_t state : {size_t{lstm_input::hidden}, size_t{lstm_input::cell}})
        require_shape(graph.has_input(node, state), fmt::format("input {} is absent", state),
                      "the hidden and the cell state");
    const bool coupled = lstm_is_coupled(graph, node);
    require_shape(!coupled || !graph.has_input(node, lstm_input::biases),
                  "a bias of the input gate, which has no weights", "both, or none");
    has_group(graph, node, lstm_input::peepholes, 3, "peephole weights");
    has_group(graph, node, lstm_input::layer_norm, 4, "layer normalisation weights");
    require_shape(graph.has_input(node, lstm_input::projection) ||
                      !graph.has_input(node, lstm_input::projection_bias),
                  "a projection bias without projection", "both, or none");
}

void check_shapes(const Graph& graph, const Node& node)
{
    require_rank(graph, node, lstm_input::x, 2, 3);
    require_rank(graph, node, lstm_input::recurrent_weights + 1, 2, 2);
    const LstmSizes size = lstm_sizes(graph, node);
    require_shape(
        graph.input(node, lstm_input::x).count() > 0 && size.units > 0 && size.outputs > 0,
        "input " + shape_text(graph.input(node, lstm_input::x).shape),
        "at least one step, input and unit");
    for (size_t g = 0; g < 4; ++g) {
        require_matrix(graph, node, lstm_input::input_weights + g, size.units, size.in_count);
        require_matrix(graph, node, lstm_input::recurrent_weights + g, size.units, size.outputs);
        require_vector(graph, node, lstm_input::biases + g, size.units);
        require_vector(graph, node, lstm_input::layer_norm + g, size.units);
    }
    for (size_t i = 0; i < 3; ++i)
        require_vector(graph, node, lstm_input::peepholes + i, size.units);
    const bool projected = graph.has_input(node, lstm_input::projection);
    require_shape(
        projected || size.outputs == size.units,
        fmt::format("{} outputs of {} units without projection", size.outputs, size.units),
        "as many outputs as units");
    require_matrix(graph, node, lstm_input::projection, size.outputs, size.units);
    require_vector(graph, node, lstm_input::projection_bias, size.outputs);
}

void check_states(const Graph& graph, const Node& node)
{
    const LstmSizes size = lstm_sizes(graph, node);
    const Tensor& h = graph.input(node, lstm_input::hidden);
    const Tensor& c = graph.input(node, lstm_input::cell);
    require_shape((h.kind == TensorKind::state) == (c.kind == TensorKind::state),
                  fmt::format("one of the states '{}' and '{}' is a variable", h.name, c.name),
                  "two variables, or two initial values");
    require_shape(h.count() == size.batches * size.outputs,
                  fmt::format("hidden state '{}' {}", h.name, shape_text(h.shape)),
                  shape_text({size.batches, size.outputs}));
    require_shape(c.count() == size.batches * size.units,
                  fmt::format("cell state '{}' {}", c.name, shape_text(c.shape)),
                  shape_text({size.batches, size.units}));
    require_shape(h.kind != TensorKind::state ||
                      node.inputs[lstm_input::hidden] != node.inputs[lstm_input::cell],
                  fmt::format("'{}' is hidden and cell state at once", h.name), "two variables");
}

void check_float(const Graph& graph, const Node& node)
{
    const LstmSizes size = lstm_sizes(graph, node);
    for (size_t input = lstm_input::input_weights; input <= lstm_input::projection; ++input) {
        const bool matrix = input < lstm_input::peepholes || input == lstm_input::projection;
        if (matrix) {
            require_type(graph, node, input, "weights",
                         {DType::f32, DType::f16, DType::i8, DType::i4});
            require_hybrid(graph, node, input,
                           input == lstm_input::projection ? size.outputs : size.units);
        } else {
            require_type(graph, node, input, "vector", {DType::f32});
        }
    }
    for (const size_t state : {lstm_input::hidden, lstm_input::cell})
        require_type(graph, node, state, "state", {DType::f32});
    require_type(graph, node, lstm_input::projection_bias, "bias", {DType::f32});
    for (size_t g = 0; g < 4; ++g)
        require_type(graph, node, lstm_input::layer_norm + g, "vector", {DType::f32});
}

// Variants that have no integer arithmetic in TFLM.
void check_plain(const Graph& graph, const Node& node)
{
    const std::string remedy = "keep the layer in float, or train it without this extra";
    const auto refuse = [&](size_t input, const char* what) {
        require_variant(!graph.has_input(node, input), fmt::format("an integer LSTM with {}", what),
                        "four gates with weights and biases alone", remedy);
    };
    require_variant(!lstm_is_coupled(graph, node), "an integer LSTM without input gate (CIFG)",
                    "four gates with weights and biases alone", remedy);
    refuse(lstm_input::peepholes + 1, "peephole weights");
    refuse(lstm_input::projection, "projection");
    refuse(lstm_input::layer_norm + 1, "layer normalisation");
    const LstmAttributes& attributes = lstm_attributes(node);
    require_variant(attributes.activation == CellActivation::tanh &&
                        attributes.recurrent_activation == CellActivation::sigmoid,
                    "an integer LSTM with other activations", "sigmoid gates, tanh elsewhere",
                    remedy);
}

void check_integer_types(const Graph& graph, const Node& node)
{
    const DType x = graph.input(node, lstm_input::x).type;
    for (size_t input = lstm_input::input_weights; input < lstm_input::peepholes; ++input) {
        require_type(graph, node, input, "weights", {DType::i8});
        require_quantized(graph, node, {input});
        const Tensor& weights = graph.input(node, input);
        require_variant(!weights.quant.per_channel(),
                        fmt::format("weights '{}' have one scale a row", weights.name),
                        "one scale a tensor", "convert the model with per-tensor quantisation");
        require(weights.quant.zero_point() == 0, ErrorCode::T0205,
                {"",
                 fmt::format("weights '{}' have zero point {}", weights.name,
                             weights.quant.zero_point()),
                 "zero point 0", "quantise the model again"});
    }
    for (size_t g = 0; g < 4; ++g)
        require_type(graph, node, lstm_input::biases + g, "bias",
                     {x == DType::i8 ? DType::i32 : DType::i64});
    require_type(graph, node, lstm_input::hidden, "hidden state", {x});
    require_type(graph, node, lstm_input::cell, "cell state", {DType::i16});
}

void check_integer_scales(const Graph& graph, const Node& node)
{
    require_quantized(graph, node, {lstm_input::x, lstm_input::hidden, lstm_input::cell});
    require_output_quantized(graph, node);
    const auto need = [](bool condition, std::string found, std::string expected) {
        require(condition, ErrorCode::T0205,
                {"", std::move(found), std::move(expected), "quantise the model again"});
    };
    const Tensor& x = graph.input(node, lstm_input::x);
    const Tensor& h = graph.input(node, lstm_input::hidden);
    const Tensor& c = graph.input(node, lstm_input::cell);
    // The output's own scale plays no part: its rows are copies of the hidden state, also where a
    // converter joined it with another tensor and gave both one scale (docs/numerics.md, "LSTM").
    need(x.type == DType::i8 || (x.quant.zero_point() == 0 && h.quant.zero_point() == 0),
         "a 16-bit input or hidden state with a zero point", "zero point 0");
    need(c.quant.scale() >= std::ldexp(1.0f, kCellPowerMin) &&
             c.quant.scale() <= std::ldexp(1.0f, kCellPowerMax) && c.quant.zero_point() == 0,
         fmt::format("cell state scale {}, zero point {}", c.quant.scale(), c.quant.zero_point()),
         fmt::format("2^{} to 2^{}, zero point 0", kCellPowerMin, kCellPowerMax));
    need(h.quant.scale() > std::ldexp(1.0f, -30),
         fmt::format("hidden state scale {}", h.quant.scale()), "more than 2^-30");
    // As for layers with weights: what the reference's left shift can hold.
    const float limit = x.type == DType::i16 ? 128.0f : 1073741824.0f;
    for (size_t input = lstm_input::input_weights; input < lstm_input::peepholes; ++input) {
        const Tensor& from = input < lstm_input::recurrent_weights ? x : h;
        const float factor = from.quant.scale() * graph.input(node, input).quant.scale() * 4096.0f;
        need(std::isfinite(factor) && factor >= 0 && factor < limit,
             fmt::format("input scale x weight scale x 4096 = {}", factor),
             fmt::format("less than {}", limit));
    }
}

void set_outputs(Graph& graph, Node& node)
{
    const LstmSizes size = lstm_sizes(graph, node);
    const LstmAttributes& attributes = lstm_attributes(node);
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = graph.input(node, lstm_input::x).type;
    if (graph.input(node, lstm_input::x).shape.size() == 2 || !attributes.return_sequences)
        out.shape = {size.batches, size.outputs};
    else if (attributes.time_major)
        out.shape = {size.steps, size.batches, size.outputs};
    else
        out.shape = {size.batches, size.steps, size.outputs};
    for (size_t i = 1; i < node.outputs.size(); ++i) {
        const Tensor& state = graph.input(node, i == 1 ? lstm_input::hidden : lstm_input::cell);
        Tensor& last = graph.tensor(node.outputs[i]);
        last.type = state.type;
        last.quant = state.quant;
        last.shape = {size.batches, i == 1 ? size.outputs : size.units};
    }
}

}  // namespace

void infer_lstm(Graph& graph, Node& node)
{
    check_presence(graph, node);
    check_shapes(graph, node);
    check_states(graph, node);
    for (size_t input = lstm_input::input_weights; input < lstm_input::count; ++input)
        if (input != lstm_input::hidden && input != lstm_input::cell)
            require_fixed(graph, node, input);
    const LstmAttributes& attributes = lstm_attributes(node);
    for (const float clip : {attributes.cell_clip, attributes.projection_clip})
        require_variant(clip >= 0 && std::isfinite(clip), fmt::format("clip {}", clip),
                        "0 for none, or a positive number", "export the model again");
    if (is_integer_cell(graph, node)) {
        require_type(graph, node, lstm_input::x, "input", {DType::f32, DType::i8, DType::i16});
        check_plain(graph, node);
        check_integer_types(graph, node);
        check_integer_scales(graph, node);
    } else {
        check_float(graph, node);
    }
    set_outputs(graph, node);
}

}  // namespace thimble
