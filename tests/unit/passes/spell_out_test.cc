// A recurrent layer computes the same when it is spelled out, in a file too, and is recognised
// again.
#include "passes/spell_out.h"

#include "compile.h"
#include "export/tflite.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "ops/evaluate.h"
#include "unit/recurrent_graph.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

namespace thimble {

namespace {

using namespace recurrent_graph;

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
