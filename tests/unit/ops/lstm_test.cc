// What a file cannot say of an lstm node: initial states that are given, final states that are
// returned, the last step alone, and the other direction; oracle and generated C. And that steps in
// one call are the same as calls of one step.
#include "compile.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "verify/verify.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace thimble {
namespace {

constexpr int64_t kBatches = 2, kInputs = 3, kUnits = 5;

struct Form {
    DType type = DType::f32;  // i8, i16 or f32
    int64_t steps = 4;
    LstmAttributes attributes = {};
    bool given = false;     // initial states are inputs, final states outputs
    bool constant = false;  // initial states are constants, final states outputs
};

class Maker {
public:
    explicit Maker(const Form& form) : form_(form) {}

    Graph graph()
    {
        Node node;
        node.op = find_op("lstm");
        node.name = "lstm";
        node.attributes = form_.attributes;
        node.inputs.assign(lstm_input::count, kNoTensor);
        const bool time_major = form_.attributes.time_major;
        const TensorId x = add("x", form_.type,
                               time_major ? Shape{form_.steps, kBatches, kInputs}
                                          : Shape{kBatches, form_.steps, kInputs},
                               0.01f);
        node.inputs[lstm_input::x] = x;
        const DType weight = form_.type == DType::f32 ? DType::f32 : DType::i8;
        const DType bias = form_.type == DType::i8    ? DType::i32
                           : form_.type == DType::i16 ? DType::i64
                                                      : DType::f32;
        for (size_t g = 0; g < 4; ++g) {
            node.inputs[lstm_input::input_weights + g] = constant(weight, {kUnits, kInputs}, 0.01f);
            node.inputs[lstm_input::recurrent_weights + g] =
                constant(weight, {kUnits, kUnits}, 0.01f);
            node.inputs[lstm_input::biases + g] = constant(bias, {kUnits}, 0);
        }
        const DType cell = form_.type == DType::f32 ? DType::f32 : DType::i16;
        const float h_scale = form_.type == DType::i16 ? 0x1p-15f : 0x1p-7f;
        node.inputs[lstm_input::hidden] = state("h", form_.type, h_scale);
        node.inputs[lstm_input::cell] = state("c", cell, 0x1p-12f);
        node.outputs = {add("y", form_.type, {}, h_scale)};
        if (form_.given || form_.constant) {
            node.outputs.push_back(add("last h", form_.type, {}, h_scale));
            node.outputs.push_back(add("last c", cell, {}, 0x1p-12f));
        }
        node.op->infer(graph_, node);
        graph_.inputs.insert(graph_.inputs.begin(), x);
        graph_.outputs = node.outputs;
        graph_.nodes = {node};
        verify_graph(graph_);
        return graph_;
    }

private:
    TensorId add(const std::string& name, DType type, Shape shape, float scale)
    {
        Tensor tensor;
        tensor.name = name;
        tensor.type = type;
        tensor.shape = std::move(shape);
        if (type != DType::f32 && scale != 0) tensor.quant = {{scale}, {0}, 0};
        return graph_.add_tensor(std::move(tensor));
    }

    std::vector<uint8_t> random_bytes(DType type, int64_t count)
    {
        std::vector<uint8_t> bytes(static_cast<size_t>(count * element_bytes(type)));
        for (int64_t i = 0; i < count; ++i) {
            const int value = static_cast<int>(dice_() % 200) - 100;
            const float real = static_cast<float>(value) / 150;
            const auto wide = int64_t{value};
            const void* from = type == DType::f32 ? static_cast<const void*>(&real) : &wide;
            std::memcpy(bytes.data() + i * element_bytes(type), from,
                        static_cast<size_t>(element_bytes(type)));
        }
        return bytes;
    }

    TensorId constant(DType type, Shape shape, float scale)
    {
        const int64_t count = element_count(shape);
        const TensorId id = add("constant", type, std::move(shape), scale);
        graph_.set_constant(id, random_bytes(type, count));
        return id;
    }

    TensorId state(const std::string& name, DType type, float scale)
    {
        const Shape shape = {kBatches, kUnits};
        if (form_.constant) return constant(type, shape, scale);
        const TensorId id = add(name, type, shape, scale);
        if (form_.given) {
            graph_.inputs.push_back(id);
            return id;
        }
        Tensor& tensor = graph_.tensor(id);
        tensor.kind = TensorKind::state;
        tensor.per_sequence = true;
        tensor.data = std::make_shared<const std::vector<uint8_t>>(tensor.bytes(), 0);
        return id;
    }

    Form form_;
    Graph graph_;
    std::mt19937 dice_{7};
};

// Bytes of every input: int8 and int16 from their whole range, floats from -1 to 1.
TensorBytes random_inputs(const Graph& graph, uint32_t seed)
{
    std::mt19937 dice(seed);
    TensorBytes inputs;
    for (const TensorId id : graph.inputs) {
        const Tensor& tensor = graph.tensor(id);
        Bytes bytes(static_cast<size_t>(tensor.bytes()));
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(dice());
        if (tensor.type == DType::f32) {
            for (size_t i = 0; i < bytes.size(); i += 4) {
                const float value = static_cast<float>(dice() % 2001) / 1000 - 1;
                std::memcpy(bytes.data() + i, &value, 4);
            }
        }
        inputs.push_back(std::move(bytes));
    }
    return inputs;
}

std::vector<RunOutputs> on_host(const Graph& graph, const std::vector<TensorBytes>& inputs)
{
    const ResolvedTarget host = find_target("host");
    return run_on_target(
        compile(graph, {.name = "lstm", .target = host.facts, .keep_state = true}), host, inputs);
}

void expect_equal(const Tensor& tensor, const Bytes& want, const Bytes& have)
{
    TensorReport report;
    ASSERT_EQ(want.size(), have.size()) << tensor.name;
    compare_values(tensor, want, have, 0, report);
    EXPECT_EQ(report.mismatches, 0) << tensor.name << ": expected " << report.first_expected
                                    << ", found " << report.first_found;
}

// The oracle's outputs, after the generated C has given the same.
std::vector<RunOutputs> judged(const Graph& graph, const std::vector<TensorBytes>& inputs)
{
    const std::vector<RunOutputs> want = run_oracle(graph, Match::tflm, true, inputs);
    const std::vector<RunOutputs> have = on_host(graph, inputs);
    for (size_t run = 0; run < inputs.size(); ++run)
        for (size_t i = 0; i < graph.outputs.size(); ++i)
            expect_equal(graph.tensor(graph.outputs[i]), want[run].outputs[i],
                         have[run].outputs[i]);
    return want;
}

// Row (n, t) of a batch-major output.
Bytes row_of(const Bytes& all, int64_t steps, int64_t n, int64_t t)
{
    const size_t size = all.size() / static_cast<size_t>(kBatches * steps);
    const size_t at = static_cast<size_t>(n * steps + t) * size;
    return {all.begin() + static_cast<std::ptrdiff_t>(at),
            all.begin() + static_cast<std::ptrdiff_t>(at + size)};
}

constexpr DType kTypes[] = {DType::f32, DType::i8, DType::i16};

TEST(Lstm, steps_in_one_call_are_calls_of_one_step)
{
    for (const DType type : kTypes) {
        const Graph whole = Maker({.type = type}).graph();
        const Graph single = Maker({.type = type, .steps = 1}).graph();
        const std::vector<TensorBytes> inputs = {random_inputs(whole, 1), random_inputs(whole, 2)};
        std::vector<TensorBytes> steps;
        for (const TensorBytes& one : inputs) {
            for (int64_t t = 0; t < 4; ++t) {
                Bytes x = row_of(one[0], 4, 0, t);
                const Bytes second = row_of(one[0], 4, 1, t);
                x.insert(x.end(), second.begin(), second.end());
                steps.push_back({x});
            }
        }
        const std::vector<RunOutputs> once = on_host(whole, inputs);
        const std::vector<RunOutputs> often = on_host(single, steps);
        for (size_t run = 0; run < 2; ++run)
            for (int64_t t = 0; t < 4; ++t)
                for (int64_t n = 0; n < kBatches; ++n)
                    EXPECT_EQ(row_of(once[run].outputs[0], 4, n, t),
                              row_of(often[run * 4 + static_cast<size_t>(t)].outputs[0], 1, n, 0));
    }
}

TEST(Lstm, given_states_and_their_last_values)
{
    for (const DType type : kTypes) {
        for (const bool reverse : {false, true}) {
            Form form = {.type = type, .given = true};
            form.attributes.reverse = reverse;
            const Graph graph = Maker(form).graph();
            const TensorBytes inputs = random_inputs(graph, 3);
            const std::vector<RunOutputs> runs = judged(graph, {inputs, inputs});
            EXPECT_EQ(runs[0].outputs, runs[1].outputs) << "no state is kept";
            for (int64_t n = 0; n < kBatches; ++n)
                EXPECT_EQ(row_of(runs[0].outputs[0], 4, n, reverse ? 0 : 3),
                          row_of(runs[0].outputs[1], 1, n, 0));
        }
    }
}

TEST(Lstm, the_last_step_alone)
{
    for (const DType type : kTypes) {
        for (const bool reverse : {false, true}) {
            Form form = {.type = type, .constant = true};
            form.attributes.reverse = reverse;
            const Graph all = Maker(form).graph();
            form.attributes.return_sequences = false;
            const Graph last = Maker(form).graph();
            const TensorBytes inputs = random_inputs(all, 4);
            const Bytes sequence = judged(all, {inputs})[0].outputs[0];
            const TensorBytes found = judged(last, {inputs})[0].outputs;
            EXPECT_EQ(last.tensor(last.outputs[0]).shape, Shape({kBatches, kUnits}));
            EXPECT_EQ(found[0], found[1]);
            for (int64_t n = 0; n < kBatches; ++n)
                EXPECT_EQ(row_of(sequence, 4, n, reverse ? 0 : 3), row_of(found[0], 1, n, 0));
        }
    }
}

// Backward over x is forward over x in reverse order.
TEST(Lstm, the_other_direction)
{
    for (const DType type : kTypes) {
        Form form = {.type = type};
        form.attributes.time_major = true;
        const Graph forward = Maker(form).graph();
        form.attributes.reverse = true;
        const Graph backward = Maker(form).graph();
        const TensorBytes inputs = random_inputs(forward, 5);
        const auto turned = [](const Bytes& bytes) {
            Bytes result;
            const size_t step = bytes.size() / 4;
            for (size_t t = 4; t-- > 0;)
                result.insert(result.end(), bytes.begin() + static_cast<std::ptrdiff_t>(t * step),
                              bytes.begin() + static_cast<std::ptrdiff_t>((t + 1) * step));
            return result;
        };
        EXPECT_EQ(turned(judged(backward, {inputs})[0].outputs[0]),
                  judged(forward, {{turned(inputs[0])}})[0].outputs[0]);
    }
}

}  // namespace
}  // namespace thimble
