// A loop that was written out becomes a scan, and only when all its steps are copies of one.
#include "../plan/control_graphs.h"

#include "compile.h"
#include "import/import.h"
#include "ops/control.h"
#include "ops/op.h"
#include "passes/passes.h"
#include "recurrent_drafts.h"
#include "targets/target.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

Graph imported(const RecurrentDraft& form)
{
    return import_tflite(read_tflite(write_tflite(unrolled_draft(form)), "unrolled.tflite"));
}

Graph rerolled(const RecurrentDraft& form)
{
    Graph graph = imported(form);
    require_supported(graph);
    run_pass(reroll_unrolled, graph);
    return graph;
}

std::vector<const Node*> nodes_of(const Graph& graph, std::string_view op)
{
    std::vector<const Node*> found;
    for (const Node& node : graph.nodes)
        if (node.op->name == op) found.push_back(&node);
    return found;
}

const ScanAttributes& only_scan(const Graph& graph)
{
    const std::vector<const Node*> scans = nodes_of(graph, "scan");
    THIMBLE_CHECK(scans.size() == 1, "one scan expected");
    return std::any_cast<const ScanAttributes&>(scans[0]->attributes);
}

TEST(RerollUnrolled, rolls_every_cell_up)
{
    for (const auto cell : {RecurrentDraft::lstm, RecurrentDraft::gru, RecurrentDraft::gru_before,
                            RecurrentDraft::simple_rnn}) {
        for (const bool quantized : {false, true}) {
            const Graph graph = rerolled({.cell = cell, .quantized = quantized});
            SCOPED_TRACE(testing::Message() << cell << quantized);
            ASSERT_EQ(nodes_of(graph, "scan").size(), 1u);
            EXPECT_EQ(only_scan(graph).trip_count, 4);
            EXPECT_EQ(only_scan(graph).carried, cell == RecurrentDraft::lstm ? 2 : 1);
            EXPECT_EQ(nodes_of(graph, "dense").size(), 0u) << "all products stand in the body";
            ASSERT_EQ(graph.notes.size(), 1u);
            EXPECT_NE(graph.notes[0].find("4 unrolled steps"), std::string::npos);
        }
    }
}

// `graph` as a branch of an `if`, with its layers named as those of a pipeline's stage.
Graph branching(Graph graph)
{
    for (Node& node : graph.nodes) node.name = "network/" + node.name;
    GraphBuilder outer;
    std::vector<TensorId> inputs = {outer.input("is_due", DType::boolean, {1})};
    for (const TensorId id : graph.inputs)
        inputs.push_back(outer.input("x", graph.tensor(id).type, graph.tensor(id).shape));
    const auto branch = std::make_shared<const Graph>(graph);
    outer.graph.outputs =
        outer.add("if", std::move(inputs), IfAttributes{branch, branch}, graph.outputs.size());
    return outer.graph;
}

// The network of a pipeline lies in an `if`.
TEST(RerollUnrolled, looks_into_branches)
{
    const Graph graph = recognise(branching(imported({.cell = RecurrentDraft::gru})), false);
    const auto& branches = std::any_cast<const IfAttributes&>(graph.nodes.at(0).attributes);
    const std::vector<const Node*> cells = nodes_of(*branches.then_graph, "gru");
    ASSERT_EQ(cells.size(), 1u);
    for (const Node& node : branches.then_graph->nodes)
        EXPECT_TRUE(node.name.starts_with("network/")) << node.name;
    EXPECT_FALSE(graph.notes.empty()) << "notes of a branch are said of the whole";
    EXPECT_TRUE(branches.then_graph->notes.empty());
    expect_same_on(branching(imported({.cell = RecurrentDraft::gru, .quantized = true})), "host",
                   "an int8 GRU in a branch");
}

TEST(RerollUnrolled, stacks_the_values_of_all_steps)
{
    const Graph graph = rerolled({.sequences = true});
    EXPECT_EQ(only_scan(graph).stacked_axes, std::vector<int64_t>({1}));
    EXPECT_EQ(nodes_of(graph, "pack").size(), 0u);
}

TEST(RerollUnrolled, runs_backwards_over_the_sequence_itself)
{
    const Graph graph = rerolled({.sequences = true, .backwards = true});
    EXPECT_TRUE(only_scan(graph).reverse);
    EXPECT_EQ(nodes_of(graph, "reverse").size(), 1u) << "the original packs in order of time";
}

TEST(RerollUnrolled, takes_the_first_step_in_although_its_zero_state_was_folded)
{
    const Graph graph = rerolled({.folded_zero = true});
    EXPECT_EQ(only_scan(graph).trip_count, 4);
    EXPECT_EQ(nodes_of(graph, "dense").size(), 0u);
}

TEST(RerollUnrolled, leaves_a_step_with_other_weights_alone)
{
    const Graph three = rerolled({.steps = 3, .changed_step = 1});
    EXPECT_EQ(nodes_of(three, "scan").size(), 0u);
    EXPECT_EQ(nodes_of(three, "dense").size(), 6u);
    // Of eight steps the last six are a loop; steps 0 and 1 stay.
    const Graph eight = rerolled({.steps = 8, .changed_step = 1});
    EXPECT_LE(only_scan(eight).trip_count, 6);
    EXPECT_GE(nodes_of(eight, "dense").size(), 4u);
}

// What post-training quantisation makes of an unrolled network: every tensor of every step has a
// scale and a zero point of its own.
TEST(RerollUnrolled, gives_every_turn_the_scales_of_its_step)
{
    for (const auto cell : {RecurrentDraft::lstm, RecurrentDraft::gru, RecurrentDraft::gru_before,
                            RecurrentDraft::simple_rnn}) {
        for (const bool sequences : {false, true}) {
            const RecurrentDraft form = {
                .cell = cell, .quantized = true, .sequences = sequences, .own_scales = true};
            SCOPED_TRACE(testing::Message() << cell << sequences);
            const Graph graph = rerolled(form);
            ASSERT_EQ(nodes_of(graph, "scan").size(), 1u);
            EXPECT_EQ(only_scan(graph).trip_count, 4);
            EXPECT_EQ(nodes_of(graph, "dense").size(), 0u) << "all products stand in the body";
            ASSERT_EQ(graph.notes.size(), 1u);
            EXPECT_NE(graph.notes[0].find("bytes of scales"), std::string::npos);
            expect_same_on(imported(form), "host", "scales of their own");
        }
    }
}

TEST(RerollUnrolled, takes_a_first_step_of_other_layers_in_as_a_branch)
{
    for (const auto cell : {RecurrentDraft::lstm, RecurrentDraft::simple_rnn}) {
        for (const bool sequences : {false, true}) {
            const RecurrentDraft form = {.cell = cell,
                                         .quantized = true,
                                         .sequences = sequences,
                                         .folded_zero = true,
                                         .own_scales = true};
            SCOPED_TRACE(testing::Message() << cell << sequences);
            const Graph graph = rerolled(form);
            ASSERT_EQ(nodes_of(graph, "scan").size(), 1u);
            EXPECT_EQ(only_scan(graph).trip_count, 4);
            EXPECT_EQ(nodes_of(*only_scan(graph).body, "if").size(), 1u);
            EXPECT_EQ(nodes_of(graph, "pack").size(), 0u);
            expect_same_on(imported(form), "host", "first step as a branch");
        }
    }
}

TEST(RerollUnrolled, says_why_steps_with_other_scales_stay)
{
    const Graph graph = rerolled({.quantized = true, .own_scales = true, .clamped = true});
    EXPECT_EQ(nodes_of(graph, "scan").size(), 0u);
    ASSERT_FALSE(graph.notes.empty());
    EXPECT_NE(graph.notes.back().find("a fused activation"), std::string::npos)
        << graph.notes.back();
}

// Tables and memory of an unrolled int8 LSTM with 64 units over rows of 40.
Program compiled(int64_t steps, Feed feed, bool own_scales = false)
{
    const Graph graph = imported({.steps = steps,
                                  .in_count = 40,
                                  .units = 64,
                                  .quantized = true,
                                  .folded_zero = true,
                                  .own_scales = own_scales});
    return compile(graph, {.name = "m", .target = find_target("cortex-m4").facts, .feed = feed});
}

int64_t table_bytes(const Program& program)
{
    int64_t bytes = 0;
    for (const Table& table : program.tables) bytes += static_cast<int64_t>(table.bytes.size());
    return bytes;
}

TEST(RerollUnrolled, flash_and_ram_do_not_grow_with_the_steps)
{
    const Program few = compiled(10, Feed::whole), many = compiled(100, Feed::whole);
    EXPECT_EQ(table_bytes(few), table_bytes(many));
    EXPECT_LE(table_bytes(many), 36 * 1024);
    EXPECT_LE(many.work_bytes + many.state_bytes, 8 * 1024);
    const Program fed = compiled(100, Feed::steps);
    EXPECT_LE(fed.work_bytes + fed.state_bytes, 4 * 1024);
}

// 5 bytes for each tensor that changes, but none for the states that are read: they are what the
// step before has written.
TEST(RerollUnrolled, scales_of_their_own_cost_bytes_a_step)
{
    const Program few = compiled(10, Feed::whole, true), many = compiled(100, Feed::whole, true);
    EXPECT_LE(table_bytes(many) - table_bytes(few), 90 * 35);
    EXPECT_LE(table_bytes(many), 36 * 1024);
    EXPECT_LE(many.work_bytes + many.state_bytes, 8 * 1024);
    const Program fed = compiled(100, Feed::steps, true);
    EXPECT_LE(fed.work_bytes + fed.state_bytes, 4 * 1024);
}

}  // namespace
}  // namespace thimble
