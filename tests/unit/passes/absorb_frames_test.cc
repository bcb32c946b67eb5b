// What a file puts around a recurrent layer disappears: reversals, and rows that nobody reads.
#include "compile.h"
#include "export/tflite.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "ops/evaluate.h"
#include "unit/recurrent_graph.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace thimble {

namespace {

std::vector<uint8_t> output_of(const Graph& graph)
{
    Evaluator evaluator(graph, Match::tflm);
    evaluator.reset();
    std::vector<float> values(static_cast<size_t>(graph.tensor(graph.inputs[0]).count()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) / 7 - 0.4f;
    evaluator.set_input(0, {reinterpret_cast<const uint8_t*>(values.data()), values.size() * 4});
    evaluator.run();
    return {evaluator.output(0).begin(), evaluator.output(0).end()};
}

}  // namespace

TEST(AbsorbFrames, LeavesTheLayerAlone)
{
    for (const bool reverse : {false, true})
        for (const bool sequences : {false, true})
            for (const int64_t batches : {1, 2}) {
                recurrent_graph::Form form{.op = "lstm", .batches = batches, .own_states = true};
                form.base.reverse = reverse;
                form.base.return_sequences = sequences;
                const Graph graph = recurrent_graph::layer(form);
                const std::vector<uint8_t> bytes = export_tflite(graph);
                const Graph file = import_tflite(read_tflite(bytes, "framed"));
                const Graph again = recognise(file, false);
                EXPECT_EQ(output_of(graph), output_of(file));
                EXPECT_EQ(output_of(graph), output_of(again));
                for (const Node& node : again.nodes)
                    EXPECT_TRUE(node.op->name == "lstm" || node.op->name == "reshape")
                        << node.op->name << " " << reverse << sequences;
                const auto layer = std::ranges::find_if(
                    again.nodes, [](const Node& node) { return node.op->name == "lstm"; });
                EXPECT_EQ(recurrent_attributes(*layer)->reverse, reverse);
                EXPECT_EQ(recurrent_attributes(*layer)->return_sequences, sequences);
            }
}

}  // namespace thimble
