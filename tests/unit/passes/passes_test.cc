// Every pass on a graph of a few nodes, as text before and after.
#include "passes/passes.h"

#include "ops/graph_text.h"
#include "ops/op.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {

namespace {

TensorId add(Graph& graph, const char* name, DType type, TensorKind kind = TensorKind::activation,
             int64_t count = 1)
{
    Tensor tensor;
    tensor.name = name;
    tensor.type = type;
    tensor.shape = {1, count};
    tensor.kind = kind;
    if (kind != TensorKind::activation)
        tensor.data = std::make_shared<const std::vector<uint8_t>>(
            static_cast<size_t>(tensor.bytes()), uint8_t{0});
    return graph.add_tensor(std::move(tensor));
}

void add_node(Graph& graph, const char* op, std::vector<TensorId> inputs,
              std::vector<TensorId> outputs)
{
    Node node;
    node.op = find_op(op);
    ASSERT_NE(node.op, nullptr) << op;
    node.name = op;
    node.inputs = std::move(inputs);
    node.outputs = std::move(outputs);
    graph.nodes.push_back(std::move(node));
}

}  // namespace

TEST(Passes, narrow_weights_reads_float16_weights_as_they_are_stored)
{
    Graph graph;
    const TensorId x = add(graph, "x", DType::f32), y = add(graph, "y", DType::f32);
    const TensorId narrow = add(graph, "w16", DType::f16, TensorKind::constant),
                   wide = add(graph, "w32", DType::f32);
    graph.inputs = {x};
    graph.outputs = {y};
    add_node(graph, "dequantize", {narrow}, {wide});
    add_node(graph, "dense", {x, wide, kNoTensor}, {y});
    run_pass(narrow_weights, graph);
    run_pass(remove_dead_nodes, graph);
    EXPECT_EQ(graph_text(graph),
              "y:float32 = dense(x:float32, w16:float16 const, -)\nreturn y:float32\n");
}

TEST(Passes, fold_constants_computes_what_needs_no_input)
{
    Graph graph;
    const TensorId a = add(graph, "a", DType::f32, TensorKind::constant),
                   b = add(graph, "b", DType::f32);
    const TensorId x = add(graph, "x", DType::f32), y = add(graph, "y", DType::f32);
    graph.inputs = {x};
    graph.outputs = {y, b};
    add_node(graph, "reshape", {a}, {b});
    add_node(graph, "reshape", {x}, {y});
    run_pass(fold_constants, graph);
    EXPECT_EQ(graph_text(graph),
              "y:float32 = reshape(x:float32)\nreturn y:float32, b:float32 const\n");
}

TEST(Passes, fold_constants_leaves_a_constant_that_would_grow)
{
    Graph graph;
    const TensorId a = add(graph, "a", DType::f32, TensorKind::constant),
                   b = add(graph, "b", DType::f32, TensorKind::activation, 100000);
    graph.outputs = {b};
    add_node(graph, "reshape", {a}, {b});
    run_pass(fold_constants, graph);
    EXPECT_EQ(graph_text(graph), "b:float32 = reshape(a:float32 const)\nreturn b:float32\n");
}

TEST(Passes, remove_dead_nodes_keeps_side_effects)
{
    Graph graph;
    const TensorId x = add(graph, "x", DType::f32), unread = add(graph, "unread", DType::f32),
                   s = add(graph, "s", DType::f32, TensorKind::state);
    graph.inputs = {x};
    graph.outputs = {x};
    add_node(graph, "reshape", {x}, {unread});
    add_node(graph, "assign", {x, s}, {});
    run_pass(remove_dead_nodes, graph);
    EXPECT_EQ(graph_text(graph), " = assign(x:float32, s:float32 state)\nreturn x:float32\n");
}

TEST(Passes, materialise_outputs_copies_constants_and_states)
{
    Graph graph;
    const TensorId c = add(graph, "c", DType::i8, TensorKind::constant),
                   s = add(graph, "s", DType::i8, TensorKind::state);
    graph.outputs = {c, s};
    run_pass(materialise_outputs, graph);
    EXPECT_EQ(
        graph_text(graph),
        "c:int8 = reshape(c:int8 const)\ns:int8 = reshape(s:int8 state)\nreturn c:int8, s:int8\n");
}

TEST(Passes, shift_uint8_keeps_the_types_of_inputs_and_outputs)
{
    Graph graph;
    const TensorId x = add(graph, "x", DType::u8), h = add(graph, "h", DType::u8),
                   y = add(graph, "y", DType::u8);
    for (const TensorId id : {x, h, y}) graph.tensor(id).quant = {{0.5f}, {128}, 0};
    graph.inputs = {x};
    graph.outputs = {y};
    add_node(graph, "reshape", {x}, {h});
    add_node(graph, "reshape", {h}, {y});
    run_pass(shift_uint8, graph);
    run_pass(remove_dead_nodes, graph);
    EXPECT_EQ(graph_text(graph),
              "x:int8 = quantize(x:uint8)\nh:int8 = reshape(x:int8)\ny:int8 = "
              "reshape(h:int8)\ny:uint8 = quantize(y:int8)\nreturn y:uint8\n");
    EXPECT_EQ(graph.tensor(graph.nodes[1].inputs[0]).quant.zero_points[0], 0);
}

}  // namespace thimble
