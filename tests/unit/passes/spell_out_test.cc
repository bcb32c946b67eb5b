// A recurrent layer computes the same when it is spelled out, in a file too, and is recognised
// again.
#include "passes/spell_out.h"

#include "compile.h"
#include "export/tflite.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "ops/evaluate.h"
#include "ops/op.h"
#include "ops/recurrent.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

namespace thimble {

namespace {

constexpr int64_t kSteps = 5, kInputs = 3, kUnits = 4;

TensorId add_floats(Graph& graph, const char* name, Shape shape, uint32_t seed)
{
    Tensor tensor;
    tensor.name = name;
    tensor.shape = shape;
    const TensorId id = graph.add_tensor(tensor);
    std::vector<float> values(static_cast<size_t>(element_count(shape)));
    for (float& value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = static_cast<float>(seed >> 8) / static_cast<float>(1 << 24) - 0.5f;
    }
    std::vector<uint8_t> bytes(values.size() * 4);
    std::memcpy(bytes.data(), values.data(), bytes.size());
    graph.set_constant(id, std::move(bytes));
    return id;
}

struct Form {
    const char* op;
    RecurrentAttributes base;
    bool reset_after = true;
    int64_t batches = 1;
};

// x, given states and no biases for simple_rnn; all gates with biases for gru and lstm.
Graph layer(const Form& form)
{
    Graph graph;
    Tensor x;
    x.name = "x";
    x.shape = {form.batches, kSteps, kInputs};
    if (form.base.time_major) std::swap(x.shape[0], x.shape[1]);
    graph.inputs = {graph.add_tensor(x)};
    Node node;
    node.op = find_op(form.op);
    node.name = form.op;
    const std::string op = form.op;
    const size_t gates = op == "lstm" ? 4 : op == "gru" ? 3 : 1;
    const size_t count = op == "lstm"  ? size_t{lstm_input::count}
                         : op == "gru" ? size_t{gru_input::count}
                                       : size_t{simple_rnn_input::count};
    node.inputs.assign(count, kNoTensor);
    node.inputs[0] = graph.inputs[0];
    for (size_t g = 0; g < gates; ++g) {
        node.inputs[1 + g] =
            add_floats(graph, "w", {kUnits, kInputs}, static_cast<uint32_t>(g + 1));
        node.inputs[1 + gates + g] =
            add_floats(graph, "u", {kUnits, kUnits}, static_cast<uint32_t>(g + 11));
        const size_t bias = op == "lstm" ? lstm_input::biases : 1 + 2 * gates;
        node.inputs[bias + g] = add_floats(graph, "b", {kUnits}, static_cast<uint32_t>(g + 21));
        if (op == "gru")
            node.inputs[gru_input::recurrent_biases + g] =
                add_floats(graph, "r", {kUnits}, static_cast<uint32_t>(g + 31));
    }
    const size_t hidden = op == "lstm" ? lstm_input::hidden : count - 1;
    for (size_t s = 0; s < (op == "lstm" ? 2u : 1u); ++s) {
        Tensor state;
        state.name = s == 0 ? "h" : "c";
        state.shape = {form.batches, kUnits};
        graph.inputs.push_back(graph.add_tensor(state));
        node.inputs[hidden + s] = graph.inputs.back();
    }
    for (size_t i = 0; i < (op == "lstm" ? 3u : 2u); ++i) {
        graph.outputs.push_back(graph.add_tensor({}));
        node.outputs.push_back(graph.outputs.back());
    }
    if (op == "lstm") {
        LstmAttributes a;
        static_cast<RecurrentAttributes&>(a) = form.base;
        node.attributes = a;
    } else if (op == "gru") {
        GruAttributes a;
        static_cast<RecurrentAttributes&>(a) = form.base;
        a.reset_after = form.reset_after;
        node.attributes = a;
    } else {
        SimpleRnnAttributes a;
        static_cast<RecurrentAttributes&>(a) = form.base;
        node.attributes = a;
    }
    node.op->infer(graph, node);
    graph.nodes.push_back(node);
    return graph;
}

std::vector<float> run(const Graph& graph)
{
    Evaluator evaluator(graph, Match::tflm);
    evaluator.reset();
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
        std::vector<float> values(static_cast<size_t>(graph.tensor(graph.inputs[i]).count()));
        for (size_t k = 0; k < values.size(); ++k)
            values[k] = std::sin(static_cast<float>(k * 7 + i * 3));
        evaluator.set_input(i,
                            {reinterpret_cast<const uint8_t*>(values.data()), values.size() * 4});
    }
    evaluator.run();
    std::vector<float> outputs;
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
        const auto bytes = evaluator.output(i);
        const size_t at = outputs.size();
        outputs.resize(at + bytes.size() / 4);
        std::memcpy(outputs.data() + at, bytes.data(), bytes.size());
    }
    return outputs;
}

std::vector<Form> forms()
{
    std::vector<Form> all;
    for (const char* op : {"gru", "lstm", "simple_rnn"})
        for (int variant = 0; variant < 6; ++variant) {
            Form form;
            form.op = op;
            form.base.time_major = variant == 1;
            form.base.reverse = variant == 2 || variant == 4;
            form.base.return_sequences = variant != 3 && variant != 4;
            form.batches = variant == 5 ? 2 : 1;
            all.push_back(form);
            if (std::string(op) != "gru") continue;
            form.reset_after = false;
            all.push_back(form);
        }
    return all;
}

}  // namespace

TEST(SpellOut, ComputesTheSameAlsoInAFile)
{
    for (const Form& form : forms()) {
        const Graph graph = layer(form);
        const std::vector<float> expected = run(graph);
        const std::vector<float> spelled = run(spell_out(graph, has_no_file_form).graph);
        const std::vector<uint8_t> bytes = export_tflite(graph);
        const std::vector<float> read = run(import_tflite(read_tflite(bytes, "spelled")));
        ASSERT_EQ(spelled.size(), expected.size()) << form.op;
        for (size_t i = 0; i < expected.size(); ++i)
            ASSERT_NEAR(spelled[i], expected[i], 1e-5) << form.op << " " << i;
        EXPECT_EQ(spelled, read) << form.op;
    }
}

TEST(SpellOut, IsRecognisedAgain)
{
    for (const char* op : {"gru", "simple_rnn"}) {
        const Graph graph = layer({.op = op});
        const std::vector<uint8_t> bytes = export_tflite(graph);
        const Graph again = recognise(import_tflite(read_tflite(bytes, "spelled")), false);
        bool found = false;
        for (const Node& node : again.nodes) found = found || node.op->name == op;
        EXPECT_TRUE(found) << op;
    }
}

}  // namespace thimble
