// A dense layer over a sequence, split over time into running sums: the contract of its operators,
// and their kernels on every kind of machine.
#include "compile.h"
#include "one_node.h"
#include "ops/dense_sum.h"
#include "verify/engine.h"

#include <random>

namespace thimble {
namespace {

TEST(DenseSum, worked_numbers)
{
    // Step 1 of two; inputs count from -128: (-128 + 128) * 9 + (2 + 128) * -1 = -130.
    OneNode node("dense_accumulate");
    node.in<int8_t>({1, 1, 2}, {-128, 2})
        .constant<int8_t>({2, 2, 2}, {5, 5, 5, 5, 9, -1, 0, 1})
        .in<int32_t>({1, 2}, {1000, 7})
        .in<int32_t>({1}, {1})
        .out();
    node.run();
    EXPECT_EQ(node.output<int32_t>(), (std::vector<int32_t>{870, 137}));
    OneNode finish("dense_finish");
    finish.in<int32_t>({1, 2}, {870, 137}).out(0.5f, -3);
    finish.graph().tensor(finish.node().outputs[0]).type = DType::i8;
    finish.node().attributes = DenseFinishAttributes{{0.1, 0.5}, 0};
    finish.run();
    // 87 - 3, and 68.5 - 3 rounded away from zero.
    EXPECT_EQ(finish.output<int8_t>(), (std::vector<int8_t>{84, 66}));
}

TEST(DenseSum, shapes_that_do_not_fit_are_refused)
{
    OneNode node("dense_accumulate");
    node.in<int8_t>({1, 1, 3}, {1, 2, 3})
        .constant<int8_t>({2, 2, 2}, {5, 5, 5, 5, 9, -1, 0, 1})
        .in<int32_t>({1, 2}, {1000, 7})
        .in<int32_t>({1}, {1})
        .out();
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0203);
}

TensorId add_tensor(Graph& graph, const char* name, DType type, Shape shape,
                    std::vector<uint8_t> data = {})
{
    Tensor tensor;
    tensor.name = name;
    tensor.type = type;
    tensor.shape = std::move(shape);
    tensor.quant = type == DType::i8 ? Quantization{{0.05f}, {3}, 0} : Quantization{};
    if (!data.empty()) {
        tensor.kind = TensorKind::constant;
        tensor.data = std::make_shared<const std::vector<uint8_t>>(std::move(data));
    }
    return graph.add_tensor(std::move(tensor));
}

void add_node(Graph& graph, const char* op, std::vector<TensorId> inputs, TensorId output,
              std::any attributes = {})
{
    Node node;
    node.name = op;
    node.op = find_op(op);
    node.inputs = std::move(inputs);
    node.outputs = {output};
    node.attributes = std::move(attributes);
    node.op->infer(graph, node);
    graph.nodes.push_back(std::move(node));
}

// One step: x [k] and sums [o] are the inputs, sums and finished outputs the outputs.
Graph one_step(DType type, int64_t out_count, int64_t k_count)
{
    std::mt19937 random(static_cast<uint32_t>(out_count * 1000 + k_count));
    const bool integer = type == DType::i8;
    std::vector<uint8_t> weights;
    for (int64_t i = 0; i < out_count * k_count; ++i) {
        const int w = static_cast<int>(random() % 255) - 127;
        const float real = static_cast<float>(w) / 100;
        const auto* bytes = reinterpret_cast<const uint8_t*>(&real);
        if (integer) weights.push_back(static_cast<uint8_t>(w));
        else weights.insert(weights.end(), bytes, bytes + 4);
    }
    Graph graph;
    graph.name = "step";
    const DType sum_type = integer ? DType::i32 : DType::f32;
    const TensorId x = add_tensor(graph, "x", type, {1, 1, k_count});
    const TensorId sums = add_tensor(graph, "sums", sum_type, {1, out_count});
    const TensorId w = add_tensor(graph, "w", type, {1, out_count, k_count}, weights);
    const TensorId step = add_tensor(graph, "step", DType::i32, {1}, {0, 0, 0, 0});
    const TensorId next = add_tensor(graph, "next", sum_type, {1, out_count});
    const TensorId y = add_tensor(graph, "y", type, {1, out_count});
    graph.inputs = {x, sums};
    graph.outputs = {next, y};
    add_node(graph, "dense_accumulate", {x, w, sums, step}, next);
    add_node(graph, "dense_finish", {next}, y, DenseFinishAttributes{{0.0007}, 1});
    verify_graph(graph);
    return graph;
}

// Sums near the ends of their range leave room for one step.
TensorBytes inputs_of(const Graph& graph, bool lowest)
{
    TensorBytes result;
    for (const TensorId id : graph.inputs) {
        const Tensor& tensor = graph.tensor(id);
        Bytes bytes;
        for (int64_t i = 0; i < tensor.count(); ++i) {
            const int32_t big = (lowest ? -1 : 1) * (INT32_MAX - 3000000 - static_cast<int32_t>(i));
            const float real = static_cast<float>(i % 7) - (lowest ? 3.5f : 2.0f);
            const auto* first = tensor.type == DType::f32 ? reinterpret_cast<const uint8_t*>(&real)
                                                          : reinterpret_cast<const uint8_t*>(&big);
            if (tensor.type == DType::i8)
                bytes.push_back(static_cast<uint8_t>(lowest ? -128 + i % 3 : 127 - i * 37 % 255));
            else bytes.insert(bytes.end(), first, first + 4);
        }
        result.push_back(bytes);
    }
    return result;
}

class DenseSumOn : public testing::TestWithParam<const char*> {};

TEST_P(DenseSumOn, generated_c_equals_the_oracle)
{
    const ResolvedTarget target = find_target(GetParam());
    for (const DType type : {DType::i8, DType::f32}) {
        for (const auto& [out_count, k_count] :
             {std::pair{1, 1}, std::pair{10, 20}, std::pair{7, 9}, std::pair{4, 33}}) {
            const Graph graph = one_step(type, out_count, k_count);
            const std::vector<TensorBytes> inputs = {inputs_of(graph, true),
                                                     inputs_of(graph, false)};
            const auto expected = run_oracle(graph, Match::tflm, false, inputs);
            try {
                const Program program = compile(graph, {.name = "step", .target = target.facts});
                const auto found = run_on_target(program, target, inputs);
                for (size_t run = 0; run < inputs.size(); ++run)
                    for (size_t i = 0; i < 2; ++i)
                        EXPECT_EQ(found[run].outputs[i], expected[run].outputs[i])
                            << out_count << " x " << k_count << ", output " << i;
            } catch (const Error& error) {
                if (error.code() != ErrorCode::T0401) throw;
                GTEST_SKIP() << error.what();
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, DenseSumOn,
                         testing::Values("host", "uno", "cortex-m0plus", "cortex-m4", "rv32imc"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace thimble
