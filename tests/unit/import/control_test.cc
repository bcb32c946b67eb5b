// WHILE, IF and CALL of TensorFlow Lite files: what they compute, and what is refused.
#include "../plan/control_graphs.h"

#include "formats/tflite_fields.h"
#include "import/import.h"
#include "support/control_models.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

Graph imported(const TfliteDraft& draft)
{
    return import_tflite(read_tflite(write_tflite(draft), "tested"));
}

template <typename T> std::vector<T> output(const Oracle& oracle, size_t index)
{
    std::vector<T> values(oracle.output(index).size() / sizeof(T));
    std::memcpy(values.data(), oracle.output(index).data(), oracle.output(index).size());
    return values;
}

void set(Oracle& oracle, size_t index, const std::vector<float>& values)
{
    oracle.set_input(index,
                     {reinterpret_cast<const uint8_t*>(values.data()), values.size() * 4});
}

TEST(ImportWhile, RunsAndHandsThrough)
{
    const Graph graph = imported(while_draft());
    require_supported(graph);
    Oracle oracle(graph, Match::tflm);
    set(oracle, 0, {1, 2, 3, 4, 5, 6});
    set(oracle, 1, {100, 0, 0, 0, 0, 0});
    oracle.run();
    EXPECT_EQ(output<int32_t>(oracle, 0), std::vector<int32_t>{5});
    EXPECT_EQ(output<float>(oracle, 1), (std::vector<float>{105, 10, 15, 20, 25, 30}));
    EXPECT_EQ(output<float>(oracle, 2), (std::vector<float>{2, 4, 6, 8, 10, 12}));
    expect_same_on(graph, "host", "while");
}

TEST(ImportWhile, UsesTheOuterVariable)
{
    const Graph graph = imported(variable_loop_draft());
    require_supported(graph);
    Oracle oracle(graph, Match::tflm);
    for (int run = 1; run <= 2; ++run) {
        set(oracle, 0, {1, 0, 0, 0, 0, 2});
        oracle.run();
        EXPECT_EQ(output<float>(oracle, 1)[5], 10.0f * static_cast<float>(run));
    }
    expect_same_on(graph, "host", "variable in a loop");
}

TEST(ImportIf, TakesOneBranchAndInlinesItsCall)
{
    const Graph graph = imported(if_draft());
    require_supported(graph);
    ASSERT_EQ(graph.nodes.size(), 1u);
    EXPECT_EQ(graph.nodes[0].inputs.size(), 2u) << "the constant belongs to the branches";
    for (const uint8_t flag : {0, 1}) {
        Oracle oracle(graph, Match::tflm);
        oracle.set_input(0, {&flag, 1});
        set(oracle, 1, {1, 10, 100});
        oracle.run();
        EXPECT_EQ(output<float>(oracle, 0),
                  flag ? (std::vector<float>{2, 30, 400}) : (std::vector<float>{2, 20, 200}));
    }
    expect_same_on(graph, "host", "if");
}

TEST(ImportIf, KnownConditionLeavesOneBranch)
{
    TfliteDraft draft = if_draft();
    draft.subgraphs[0].tensors[0].data = {1};
    draft.subgraphs[0].inputs = {1};
    const Graph graph = imported(draft);
    ASSERT_EQ(graph.nodes.size(), 1u);
    EXPECT_EQ(graph.nodes[0].op->name, "mul");
}

// y = x W + b in a called subgraph, whose caller has no b: the layer sees an absent bias.
TEST(ImportCall, InputThatTheCallerLacksIsAbsent)
{
    const auto real = [](std::string name, std::vector<int64_t> shape) {
        return TfliteDraftTensor{.name = std::move(name), .shape = std::move(shape)};
    };
    TfliteDraft draft;
    draft.subgraphs.resize(2);
    TfliteDraftSubgraph &main = draft.subgraphs[0], &called = draft.subgraphs[1];
    main.tensors = {real("x", {1, 2}), real("y", {1, 1})};
    main.inputs = {0};
    main.outputs = {1};
    main.operators = {{.name = "CALL", .inputs = {0, -1}, .outputs = {1},
                       .options = {{tflite_field::call::subgraph, int32_t{1}}}}};
    called.name = "called";
    called.tensors = {real("x", {1, 2}), real("w", {1, 2}), real("b", {1}), real("y", {1, 1})};
    const float weights[] = {2, 3};
    called.tensors[1].data.resize(sizeof weights);
    std::memcpy(called.tensors[1].data.data(), weights, sizeof weights);
    called.inputs = {0, 2};
    called.outputs = {3};
    called.operators = {{.name = "FULLY_CONNECTED", .inputs = {0, 1, 2}, .outputs = {3}}};
    const Graph graph = imported(draft);
    require_supported(graph);
    ASSERT_EQ(graph.nodes.size(), 1u);
    EXPECT_FALSE(graph.has_input(graph.nodes[0], 2));
    Oracle oracle(graph, Match::tflm);
    set(oracle, 0, {10, 100});
    oracle.run();
    EXPECT_EQ(output<float>(oracle, 0), std::vector<float>{320});
    // A weight matrix cannot be absent: that is a sentence, not a crash.
    draft.subgraphs[1].operators[0].inputs = {0, 2, -1};
    EXPECT_NE(imported(draft).nodes[0].unsupported, "");
}

std::string refusal(const TfliteDraft& draft)
{
    const Graph graph = imported(draft);
    for (const Node& node : graph.nodes)
        if (!node.unsupported.empty()) return node.unsupported;
    return "nothing is refused";
}

TEST(RefusedControl, Recursion)
{
    TfliteDraft draft = if_draft();
    draft.subgraphs[1].operators[0].options[0].value = int32_t{1};
    EXPECT_NE(refusal(draft).find("calls itself"), std::string::npos) << refusal(draft);
}

TEST(RefusedControl, LayerOfTheBody)
{
    TfliteDraft draft = while_draft();
    draft.subgraphs[2].operators[1] = {.name = "CUSTOM:Mine", .inputs = {1, 2}, .outputs = {5}};
    const std::string text = refusal(draft);
    EXPECT_NE(text.find("layer 'more' (CUSTOM:Mine) of its body"), std::string::npos) << text;
    EXPECT_NE(text.find("is not supported"), std::string::npos) << text;
}

TEST(RefusedControl, GrowingValue)
{
    TfliteDraft draft = while_draft();
    draft.subgraphs[2].operators[1] = {.name = "CONCATENATION", .inputs = {1, 2}, .outputs = {5}};
    const std::string text = refusal(draft);
    EXPECT_NE(text.find("output 1 of the body has shape [4, 3]"), std::string::npos) << text;
}

// A handle in the place of a tensor of numbers, or given out.
TEST(RefusedControl, HandleAsANumber)
{
    TfliteDraft draft = variable_loop_draft();
    draft.subgraphs[0].operators[1].inputs[2] = 2;
    EXPECT_NE(refusal(draft).find("resource for input 'x' of a body"), std::string::npos)
        << refusal(draft);
    draft = variable_loop_draft();
    draft.subgraphs[0].outputs.push_back(4);
    EXPECT_THROW(imported(draft), Error);
}

TEST(RefusedControl, LoopWithoutEnd)
{
    TfliteDraft draft = while_draft();
    draft.subgraphs[2].tensors[3].data = {0, 0, 0, 0};
    const Graph graph = imported(draft);
    Oracle oracle(graph, Match::tflm);
    set(oracle, 0, {1, 2, 3, 4, 5, 6});
    set(oracle, 1, {100, 0, 0, 0, 0, 0});
    try {
        oracle.run();
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0207);
    }
}

TEST(RefusedControl, SubgraphsThatCallEachOtherTooOften)
{
    TfliteDraft draft;
    draft.subgraphs.resize(7);
    for (size_t s = 0; s < 7; ++s) {
        TfliteDraftSubgraph& graph = draft.subgraphs[s];
        graph.tensors = {{.name = "x", .shape = {1}}};
        graph.inputs = {0};
        graph.outputs = {0};
        for (int i = 0; i < 30 && s < 6; ++i) {
            graph.tensors.push_back({.name = "y", .shape = {1}});
            graph.operators.push_back({.name = "CALL", .inputs = {0}, .outputs = {i + 1},
                                       .options = {{tflite_field::call::subgraph,
                                                    static_cast<int32_t>(s + 1)}}});
        }
    }
    try {
        imported(draft);
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0104);
    }
}

}  // namespace
}  // namespace thimble
