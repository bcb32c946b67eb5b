// GRU and simple recurrent layers built by hand: the oracle against the formulas in double, and the
// generated C against the oracle, in every form that no file format of TensorFlow Lite has.
#include "compile.h"
#include "ops/recurrent.h"
#include "verify/engine.h"

#include "one_node.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace thimble {

namespace {

using Row = std::vector<double>;

struct Form {
    int64_t batches, steps, in_count, units;
    bool time_major, reverse, return_sequences, reset_after;
    bool state_tensor;  // else an initial value with the final state as output 1
    bool cell = false;  // x [n, i]: one step without the axis of time
    DType weights = DType::f32;
};

// Values that repeat from run to run, the same in every build.
class Values {
public:
    explicit Values(uint32_t seed) : engine_(seed) {}
    float next() { return static_cast<float>(engine_() % 4001) / 1000.0f - 2.0f; }
    std::vector<float> list(int64_t count)
    {
        std::vector<float> values;
        for (int64_t i = 0; i < count; ++i) values.push_back(next());
        return values;
    }

private:
    std::mt19937 engine_;
};

Bytes bytes_of(const std::vector<float>& values)
{
    const auto* first = reinterpret_cast<const uint8_t*>(values.data());
    return {first, first + values.size() * 4};
}

std::vector<float> floats_of(const Bytes& bytes)
{
    const auto* first = reinterpret_cast<const float*>(bytes.data());
    return {first, first + bytes.size() / 4};
}

TensorId add_constant(Graph& graph, const std::string& name, Shape shape,
                      const std::vector<float>& values, TensorKind kind = TensorKind::constant)
{
    Tensor tensor;
    tensor.name = name;
    tensor.shape = std::move(shape);
    tensor.kind = kind;
    tensor.data = std::make_shared<const Bytes>(bytes_of(values));
    return graph.add_tensor(std::move(tensor));
}

TensorId add_activation(Graph& graph, const std::string& name, Shape shape)
{
    Tensor tensor;
    tensor.name = name;
    tensor.shape = std::move(shape);
    return graph.add_tensor(std::move(tensor));
}

// int8 with one scale a row.
TensorId add_int8(Graph& graph, const std::string& name, int64_t rows, int64_t columns,
                  Values& values)
{
    Tensor tensor;
    tensor.name = name;
    tensor.type = DType::i8;
    tensor.shape = {rows, columns};
    for (int64_t r = 0; r < rows; ++r)
        tensor.quant.scales.push_back(0.004f + 0.001f * static_cast<float>(r));
    tensor.quant.zero_points.assign(static_cast<size_t>(rows), 0);
    tensor.kind = TensorKind::constant;
    Bytes bytes;
    for (int64_t i = 0; i < rows * columns; ++i)
        bytes.push_back(static_cast<uint8_t>(static_cast<int>(values.next() * 60)));
    tensor.data = std::make_shared<const Bytes>(bytes);
    return graph.add_tensor(std::move(tensor));
}

TensorId add_weights(Graph& graph, const std::string& name, int64_t rows, int64_t columns,
                     DType type, Values& values)
{
    if (type == DType::i8) return add_int8(graph, name, rows, columns, values);
    return add_constant(graph, name, {rows, columns}, values.list(rows * columns));
}

Shape input_shape(const Form& form)
{
    if (form.cell) return {form.batches, form.in_count};
    if (form.time_major) return {form.steps, form.batches, form.in_count};
    return {form.batches, form.steps, form.in_count};
}

void set_attributes(RecurrentAttributes& attributes, const Form& form)
{
    attributes.time_major = form.time_major;
    attributes.reverse = form.reverse;
    attributes.return_sequences = form.return_sequences;
}

void finish(Graph& graph, Node node, const Form& form)
{
    node.name = "layer";
    node.outputs = {add_activation(graph, "y", {})};
    if (!form.state_tensor) node.outputs.push_back(add_activation(graph, "last", {}));
    graph.outputs = node.outputs;
    node.op->infer(graph, node);
    graph.nodes.push_back(node);
    verify_graph(graph);
}

// Adds x and the state of `node`, which is its input `place`.
void add_state(Graph& graph, Node& node, size_t place, const Form& form, Values& values)
{
    const Shape shape = {form.batches, form.units};
    if (form.state_tensor) {
        node.inputs[place] = add_constant(graph, "h", shape, values.list(form.batches * form.units),
                                          TensorKind::state);
        graph.tensor(node.inputs[place]).per_sequence = true;
        return;
    }
    node.inputs[place] = add_activation(graph, "h", shape);
    graph.inputs.push_back(node.inputs[place]);
}

Graph gru_graph(const Form& form, bool biased = true)
{
    Values values(static_cast<uint32_t>(form.units * 100 + form.in_count));
    Graph graph;
    graph.inputs = {add_activation(graph, "x", input_shape(form))};
    Node node;
    node.op = find_op("gru");
    node.inputs.assign(gru_input::count, kNoTensor);
    node.inputs[gru_input::x] = graph.inputs[0];
    for (size_t g = 0; g < 3; ++g) {
        const std::string gate = std::to_string(g);
        node.inputs[gru_input::input_weights + g] =
            add_weights(graph, "w" + gate, form.units, form.in_count, form.weights, values);
        node.inputs[gru_input::recurrent_weights + g] =
            add_weights(graph, "u" + gate, form.units, form.units, form.weights, values);
        if (!biased) continue;
        node.inputs[gru_input::input_biases + g] =
            add_constant(graph, "b" + gate, {form.units}, values.list(form.units));
        node.inputs[gru_input::recurrent_biases + g] =
            add_constant(graph, "r" + gate, {form.units}, values.list(form.units));
    }
    add_state(graph, node, gru_input::hidden, form, values);
    GruAttributes attributes;
    set_attributes(attributes, form);
    attributes.reset_after = form.reset_after;
    node.attributes = attributes;
    finish(graph, node, form);
    return graph;
}

Graph simple_rnn_graph(const Form& form, float clip)
{
    Values values(7);
    Graph graph;
    graph.inputs = {add_activation(graph, "x", input_shape(form))};
    Node node;
    node.op = find_op("simple_rnn");
    node.inputs = {graph.inputs[0],
                   add_weights(graph, "w", form.units, form.in_count, form.weights, values),
                   add_weights(graph, "u", form.units, form.units, form.weights, values),
                   add_constant(graph, "b", {form.units}, values.list(form.units)), kNoTensor};
    add_state(graph, node, simple_rnn_input::hidden, form, values);
    SimpleRnnAttributes attributes;
    set_attributes(attributes, form);
    attributes.clip = clip;
    node.attributes = attributes;
    finish(graph, node, form);
    return graph;
}

std::vector<TensorBytes> inputs_of(const Graph& graph, int runs)
{
    Values values(99);
    std::vector<TensorBytes> inputs;
    for (int run = 0; run < runs; ++run) {
        TensorBytes one;
        for (const TensorId id : graph.inputs)
            one.push_back(bytes_of(values.list(graph.tensor(id).count())));
        inputs.push_back(one);
    }
    return inputs;
}

// ---- the formulas once more, in double ----

double weight(const Graph& graph, const Node& node, size_t input, int64_t row, int64_t column)
{
    const Tensor& tensor = graph.input(node, input);
    const auto at = static_cast<size_t>(row * tensor.shape[1] + column);
    if (tensor.type == DType::i8)
        return double{tensor.quant.scales[static_cast<size_t>(row)]} * tensor.values<int8_t>()[at];
    return tensor.values<float>()[at];
}

double bias(const Graph& graph, const Node& node, size_t input, int64_t row)
{
    if (!graph.has_input(node, input)) return 0;
    return graph.input(node, input).values<float>()[static_cast<size_t>(row)];
}

double product(const Graph& graph, const Node& node, size_t input, int64_t row, const Row& values)
{
    double sum = 0;
    for (size_t k = 0; k < values.size(); ++k)
        sum += weight(graph, node, input, row, static_cast<int64_t>(k)) * values[k];
    return sum;
}

double sigmoid(double x)
{
    return 1 / (1 + std::exp(-x));
}

Row gru_step(const Graph& graph, const Node& node, bool reset_after, const Row& x, const Row& h)
{
    const auto from_x = [&](size_t gate, int64_t o) {
        return product(graph, node, gru_input::input_weights + gate, o, x) +
               bias(graph, node, gru_input::input_biases + gate, o);
    };
    const auto from_h = [&](size_t gate, int64_t o, const Row& state) {
        return product(graph, node, gru_input::recurrent_weights + gate, o, state) +
               bias(graph, node, gru_input::recurrent_biases + gate, o);
    };
    Row reset, kept, next;
    for (size_t o = 0; o < h.size(); ++o) {
        const auto row = static_cast<int64_t>(o);
        reset.push_back(sigmoid(from_x(1, row) + from_h(1, row, h)));
        kept.push_back(reset[o] * h[o]);
    }
    for (size_t o = 0; o < h.size(); ++o) {
        const auto row = static_cast<int64_t>(o);
        const double z = sigmoid(from_x(0, row) + from_h(0, row, h));
        const double past = reset_after ? reset[o] * from_h(2, row, h) : from_h(2, row, kept);
        next.push_back(z * h[o] + (1 - z) * std::tanh(from_x(2, row) + past));
    }
    return next;
}

Row simple_rnn_step(const Graph& graph, const Node& node, double clip, const Row& x, const Row& h)
{
    Row next;
    for (int64_t o = 0; o < static_cast<int64_t>(h.size()); ++o) {
        const double sum = product(graph, node, simple_rnn_input::input_weights, o, x) +
                           product(graph, node, simple_rnn_input::recurrent_weights, o, h) +
                           bias(graph, node, simple_rnn_input::bias, o);
        next.push_back(clip > 0 ? std::clamp(std::tanh(sum), -clip, clip) : std::tanh(sum));
    }
    return next;
}

// Output 0, then the final state, of one run that begins with the initial state.
template <typename Step>
std::vector<Row> expected_of(const Graph& graph, const Form& form, const TensorBytes& inputs,
                             const Step& step)
{
    const std::vector<float> x = floats_of(inputs[0]);
    std::vector<float> start;
    if (inputs.size() > 1) start = floats_of(inputs[1]);
    for (const Tensor& tensor : graph.tensors)
        if (tensor.kind == TensorKind::state) start = floats_of(*tensor.data);
    const auto row_of = [&](int64_t n, int64_t t) {
        return static_cast<size_t>(form.time_major ? t * form.batches + n : n * form.steps + t);
    };
    const auto units = static_cast<size_t>(form.units), in = static_cast<size_t>(form.in_count);
    const auto rows = static_cast<size_t>(form.batches * form.steps);
    Row all(rows * units), last;
    for (int64_t n = 0; n < form.batches; ++n) {
        const auto first = start.begin() + n * form.units;
        Row h(first, first + form.units);
        for (int64_t k = 0; k < form.steps; ++k) {
            const size_t row = row_of(n, form.reverse ? form.steps - 1 - k : k);
            const auto begin = x.begin() + static_cast<ptrdiff_t>(row * in);
            h = step(Row(begin, begin + form.in_count), h);
            std::ranges::copy(h, all.begin() + static_cast<ptrdiff_t>(row * units));
        }
        last.insert(last.end(), h.begin(), h.end());
    }
    return {form.return_sequences ? all : last, last};
}

// All combinations of the flags, in small odd sizes.
std::vector<Form> all_forms()
{
    std::vector<Form> forms;
    for (int bits = 0; bits < 32; ++bits)
        forms.push_back({.batches = bits % 3 == 0 ? 2 : 1,
                         .steps = 4,
                         .in_count = 3,
                         .units = 5,
                         .time_major = (bits & 1) != 0,
                         .reverse = (bits & 2) != 0,
                         .return_sequences = (bits & 4) != 0,
                         .reset_after = (bits & 8) != 0,
                         .state_tensor = (bits & 16) != 0});
    forms.push_back({2, 1, 4, 3, false, false, true, true, true, true});
    forms.push_back({2, 1, 4, 3, false, false, true, false, false, true});
    forms.push_back({1, 6, 4, 3, false, true, true, true, true, false, DType::i8});
    forms.push_back({1, 6, 4, 3, false, true, false, false, false, false, DType::i8});
    return forms;
}

void expect_near(const Bytes& found, const Row& expected)
{
    const std::vector<float> values = floats_of(found);
    ASSERT_EQ(values.size(), expected.size());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 2e-5) << i;
}

TEST(Gru, oracle_equals_the_formulas_in_double)
{
    int index = 0;
    for (const Form& form : all_forms()) {
        SCOPED_TRACE(index++);
        const Graph graph = gru_graph(form);
        const auto inputs = inputs_of(graph, 2);
        const auto found = run_oracle(graph, Match::tflm, false, inputs);
        for (size_t run = 0; run < inputs.size(); ++run) {
            const auto expected =
                expected_of(graph, form, inputs[run], [&](const Row& x, const Row& h) {
                    return gru_step(graph, graph.nodes[0], form.reset_after, x, h);
                });
            for (size_t i = 0; i < found[run].outputs.size(); ++i)
                expect_near(found[run].outputs[i], expected[i]);
        }
    }
}

TEST(Gru, worked_numbers)
{
    for (const bool reset_after : {true, false}) {
        OneNode layer("gru");
        layer.in<float>({1, 2, 1}, {1, 2});
        for (const float weight : {0.5f, -0.5f, 1.0f, 0.25f, 1.0f, -1.0f})
            layer.constant<float>({1, 1}, {weight});
        for (const float value : {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.5f})
            layer.constant<float>({1}, {value});
        layer.state<float>({1, 1}, {0.5f}).out();
        GruAttributes attributes;
        attributes.reset_after = reset_after;
        layer.node().attributes = attributes;
        layer.run();
        const std::vector<float> h = layer.output<float>();
        EXPECT_NEAR(h[0], reset_after ? 0.591204 : 0.621427, 1e-6);
        EXPECT_NEAR(h[1], reset_after ? 0.680372 : 0.706810, 1e-6);
        EXPECT_EQ(layer.value<float>(gru_input::hidden), std::vector<float>{h[1]});
    }
}

TEST(Gru, biases_may_be_absent)
{
    const Form form = all_forms()[12];
    const Graph graph = gru_graph(form, false);
    const auto inputs = inputs_of(graph, 1);
    const auto expected = expected_of(graph, form, inputs[0], [&](const Row& x, const Row& h) {
        return gru_step(graph, graph.nodes[0], form.reset_after, x, h);
    });
    expect_near(run_oracle(graph, Match::tflm, false, inputs)[0].outputs[0], expected[0]);
}

TEST(SimpleRnn, oracle_equals_the_formula_in_double)
{
    int index = 0;
    for (const Form& form : all_forms()) {
        SCOPED_TRACE(index);
        const float clip = index++ % 2 ? 0.7f : 0.0f;
        const Graph graph = simple_rnn_graph(form, clip);
        const auto inputs = inputs_of(graph, 1);
        const auto found = run_oracle(graph, Match::tflm, false, inputs);
        const auto expected = expected_of(graph, form, inputs[0], [&](const Row& x, const Row& h) {
            return simple_rnn_step(graph, graph.nodes[0], clip, x, h);
        });
        for (size_t i = 0; i < found[0].outputs.size(); ++i)
            expect_near(found[0].outputs[i], expected[i]);
    }
}

TEST(Gru, a_kept_state_continues_the_sequence)
{
    const Form whole = {1, 6, 3, 4, false, false, true, true, true};
    Form half = whole;
    half.steps = 3;
    const Graph graph = gru_graph(whole);
    const auto inputs = inputs_of(graph, 1);
    const auto once = floats_of(run_oracle(graph, Match::tflm, true, inputs)[0].outputs[0]);
    const Bytes& x = inputs[0][0];
    const auto middle = x.begin() + static_cast<ptrdiff_t>(x.size() / 2);
    const auto twice = run_oracle(gru_graph(half), Match::tflm, true,
                                  {{Bytes(x.begin(), middle)}, {Bytes(middle, x.end())}});
    std::vector<float> joined = floats_of(twice[0].outputs[0]);
    const auto second = floats_of(twice[1].outputs[0]);
    joined.insert(joined.end(), second.begin(), second.end());
    EXPECT_EQ(joined, once);
}

TEST(Gru, integer_input_is_refused)
{
    Graph graph = gru_graph(all_forms()[0]);
    graph.tensor(graph.inputs[0]).type = DType::i8;
    EXPECT_EQ(error_of([&] { graph.nodes[0].op->infer(graph, graph.nodes[0]); }), ErrorCode::T0203);
}

TEST(Gru, wrong_shapes_are_refused)
{
    for (const size_t input : {size_t{gru_input::input_weights}, size_t{gru_input::hidden},
                               size_t{gru_input::recurrent_biases}}) {
        Graph graph = gru_graph(all_forms()[0]);
        graph.tensor(graph.nodes[0].inputs[input]).shape = {2, 2};
        EXPECT_EQ(error_of([&] { graph.nodes[0].op->infer(graph, graph.nodes[0]); }),
                  ErrorCode::T0203);
    }
    Graph graph = gru_graph(all_forms()[0]);
    graph.nodes[0].inputs[gru_input::hidden] = kNoTensor;
    EXPECT_ANY_THROW(graph.nodes[0].op->infer(graph, graph.nodes[0]));
}

class RecurrentOn : public testing::TestWithParam<const char*> {};

void expect_engine_equals_oracle(const Graph& graph, const ResolvedTarget& target)
{
    const auto inputs = inputs_of(graph, 2);
    const auto expected = run_oracle(graph, Match::tflm, false, inputs);
    const Program program = compile(graph, {.name = "layer", .target = target.facts});
    const auto found = run_on_target(program, target, inputs);
    for (size_t run = 0; run < inputs.size(); ++run)
        for (size_t i = 0; i < expected[run].outputs.size(); ++i) {
            const std::vector<float> want = floats_of(expected[run].outputs[i]);
            expect_near(found[run].outputs[i], Row(want.begin(), want.end()));
        }
}

TEST_P(RecurrentOn, generated_c_equals_the_oracle)
{
    const ResolvedTarget target = find_target(GetParam());
    const bool all = std::string(GetParam()) == "host";
    const std::vector<Form> forms = all_forms();
    try {
        for (size_t i = 0; i < forms.size(); i += all || i >= 30 ? 1 : 7) {
            SCOPED_TRACE(i);
            expect_engine_equals_oracle(gru_graph(forms[i]), target);
            expect_engine_equals_oracle(simple_rnn_graph(forms[i], i % 2 ? 0.7f : 0.0f), target);
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, RecurrentOn,
                         testing::Values("host", "uno", "cortex-m0plus", "cortex-m4", "rv32imc"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace thimble
