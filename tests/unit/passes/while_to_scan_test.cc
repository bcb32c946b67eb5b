// WHILE loops of the stock converter become scans, and scans become recurrent layers.
#include "import/import.h"
#include "ops/control.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "passes/passes.h"
#include "recurrent_drafts.h"
#include "support/control_models.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

Graph imported(const TfliteDraft& draft)
{
    Graph graph = import_tflite(read_tflite(write_tflite(draft), "loop.tflite"));
    require_supported(graph);
    return graph;
}

size_t count_of(const Graph& graph, std::string_view op)
{
    size_t count = 0;
    for (const Node& node : graph.nodes) count += node.op->name == op;
    return count;
}

const Node& only(const Graph& graph, std::string_view op)
{
    for (const Node& node : graph.nodes)
        if (node.op->name == op) return node;
    THIMBLE_CHECK(false, std::string(op));
    return graph.nodes[0];
}

TEST(WhileToScan, counts_the_steps_and_stacks_the_list)
{
    Graph graph = imported(loop_draft({.steps = 6, .sequences = true}));
    ASSERT_EQ(count_of(graph, "while"), 1u);
    run_pass(while_to_scan, graph);
    ASSERT_EQ(count_of(graph, "while"), 0u);
    const auto& scan = std::any_cast<const ScanAttributes&>(only(graph, "scan").attributes);
    EXPECT_EQ(scan.trip_count, 6);
    EXPECT_EQ(scan.sequence_axes, std::vector<int64_t>({0}));
    EXPECT_EQ(scan.carried, 2);
    EXPECT_EQ(scan.stacked_axes, std::vector<int64_t>({0}));
    EXPECT_EQ(only(graph, "scan").inputs.size(), 3u) << "nothing is left of counters and list";
}

TEST(WhileToScan, quantised_loops_too)
{
    Graph graph = imported(loop_draft({.quantized = true, .sequences = true}));
    run_pass(while_to_scan, graph);
    EXPECT_EQ(count_of(graph, "scan"), 1u);
    run_pass(scan_to_cell, graph);
    const auto& scan = std::any_cast<const ScanAttributes&>(only(graph, "scan").attributes);
    EXPECT_EQ(scan.kind, "lstm") << "the arithmetic stays, the kind is known";
}

TEST(WhileToScan, keeps_what_the_body_reads_besides)
{
    // A total that grows by x, which is no sequence, and a counter that is an output.
    Graph graph = imported(while_draft());
    run_pass(while_to_scan, graph);
    const Node& scan = only(graph, "scan");
    const auto& attributes = std::any_cast<const ScanAttributes&>(scan.attributes);
    EXPECT_EQ(attributes.trip_count, 5);
    EXPECT_EQ(attributes.carried, 2);
    EXPECT_EQ(scan.inputs.size(), 3u) << "counter, total, x";
    verify_graph(*attributes.body);
}

TEST(WhileToScan, leaves_a_loop_whose_end_is_computed)
{
    TfliteDraft draft = loop_draft({});
    // The condition compares the counter with the other counter.
    draft.subgraphs[1].operators[0].inputs[1] = draft.subgraphs[1].inputs[1];
    Graph graph = imported(draft);
    run_pass(while_to_scan, graph);
    EXPECT_EQ(count_of(graph, "while"), 1u);
    ASSERT_EQ(graph.notes.size(), 1u);
    EXPECT_NE(graph.notes[0].find("number of steps"), std::string::npos);
}

TEST(ScanToCell, recognises_every_cell_in_both_forms)
{
    const std::pair<RecurrentDraft::Cell, const char*> cells[] = {
        {RecurrentDraft::lstm, "lstm"},
        {RecurrentDraft::gru, "gru"},
        {RecurrentDraft::gru_before, "gru"},
        {RecurrentDraft::simple_rnn, "simple_rnn"}};
    for (const auto& [cell, name] : cells) {
        if (!find_op(name)) continue;
        for (const bool sequences : {false, true}) {
            for (const bool backwards : {false, true}) {
                const RecurrentDraft form = {
                    .cell = cell, .sequences = sequences, .backwards = backwards};
                for (const TfliteDraft& draft : {unrolled_draft(form), loop_draft(form)}) {
                    SCOPED_TRACE(testing::Message() << name << sequences << backwards);
                    Graph graph = imported(draft);
                    recognise_recurrences(graph);
                    ASSERT_EQ(count_of(graph, name), 1u);
                    EXPECT_EQ(count_of(graph, "scan") + count_of(graph, "while"), 0u);
                    EXPECT_EQ(count_of(graph, "dense"), 0u);
                    const RecurrentAttributes* attributes = recurrent_attributes(only(graph, name));
                    EXPECT_EQ(attributes->return_sequences, sequences);
                    EXPECT_EQ(attributes->reverse, backwards);
                }
            }
        }
    }
}

TEST(ScanToCell, takes_a_graph_of_one_step_only_when_asked)
{
    const std::pair<RecurrentDraft::Cell, const char*> cells[] = {
        {RecurrentDraft::lstm, "lstm"}, {RecurrentDraft::simple_rnn, "simple_rnn"}};
    for (const auto& [cell, name] : cells) {
        if (!find_op(name)) continue;
        Graph graph = imported(cell_draft({.cell = cell}));
        recognise_recurrences(graph);
        EXPECT_EQ(count_of(graph, name), 0u) << "its states may be anything";
        ASSERT_TRUE(recognise_cell_graph(graph)) << name;
        EXPECT_EQ(count_of(graph, name), 1u);
        EXPECT_EQ(count_of(graph, "dense"), 0u);
    }
    Graph quantized = imported(cell_draft({.quantized = true}));
    EXPECT_FALSE(recognise_cell_graph(quantized)) << "it keeps its own arithmetic";
}

TEST(ScanToCell, keeps_a_reset_before_apart_from_one_after)
{
    if (!find_op("gru")) GTEST_SKIP() << "no operator gru";
    for (const bool after : {false, true}) {
        Graph graph = imported(
            loop_draft({.cell = after ? RecurrentDraft::gru : RecurrentDraft::gru_before}));
        recognise_recurrences(graph);
        const Node& node = only(graph, "gru");
        EXPECT_EQ(std::any_cast<const GruAttributes&>(node.attributes).reset_after, after);
    }
}

}  // namespace
}  // namespace thimble
