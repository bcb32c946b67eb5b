// Which state starts anew with a call: oracle, generated C and the chips agree.
#include "compile.h"
#include "emit/c_source.h"
#include "ops/op.h"
#include "verify/engine.h"

#include <gtest/gtest.h>

#include <cstring>

namespace thimble {
namespace {

Bytes bytes_of(const std::vector<float>& values)
{
    Bytes bytes(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

std::vector<float> floats_of(const Bytes& bytes)
{
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

TensorId add_tensor(Graph& graph, const char* name, TensorKind kind,
                    const std::vector<float>& initial = {})
{
    Tensor tensor;
    tensor.name = name;
    tensor.shape = {2};
    tensor.kind = kind;
    if (!initial.empty())
        tensor.data = std::make_shared<const std::vector<uint8_t>>(bytes_of(initial));
    return graph.add_tensor(std::move(tensor));
}

void add_node(Graph& graph, const char* op, std::vector<TensorId> inputs,
              std::vector<TensorId> outputs)
{
    Node node;
    node.name = std::string(op) + std::to_string(graph.nodes.size());
    node.op = find_op(op);
    node.inputs = std::move(inputs);
    node.outputs = std::move(outputs);
    node.op->infer(graph, node);
    graph.nodes.push_back(std::move(node));
}

// Two recurrences, of what belongs to a sequence and of a variable:
//   y = (x - h)^2 -> h, z = (x - v)^2 -> v
Graph two_recurrences(const std::vector<float>& sequence_start)
{
    Graph graph;
    graph.name = "sums";
    const TensorId x = add_tensor(graph, "x", TensorKind::activation);
    const TensorId sequence = add_tensor(graph, "h", TensorKind::state, sequence_start);
    graph.tensor(sequence).per_sequence = true;
    const TensorId variable = add_tensor(graph, "v", TensorKind::state, {10, 3});
    const TensorId y = add_tensor(graph, "y", TensorKind::activation);
    const TensorId z = add_tensor(graph, "z", TensorKind::activation);
    graph.inputs = {x};
    graph.outputs = {y, z};
    add_node(graph, "squared_difference", {x, sequence}, {y});
    add_node(graph, "assign", {y, sequence}, {});
    add_node(graph, "squared_difference", {x, variable}, {z});
    add_node(graph, "assign", {z, variable}, {});
    verify_graph(graph);
    return graph;
}

// y = (x - h)^2 with h = 1, 2; z = (x - v)^2 with v = 10, 3.
const std::vector<TensorBytes> kInputs = {{bytes_of({2, 4})}, {bytes_of({2, 4})},
                                          {bytes_of({3, 5})}};

void expect_runs(const std::vector<RunOutputs>& runs, bool keep)
{
    ASSERT_EQ(runs.size(), 3u);
    using Row = std::vector<float>;
    EXPECT_EQ(floats_of(runs[0].outputs[0]), (Row{1, 4}));
    EXPECT_EQ(floats_of(runs[1].outputs[0]), keep ? (Row{1, 0}) : (Row{1, 4}));
    EXPECT_EQ(floats_of(runs[2].outputs[0]), keep ? (Row{4, 25}) : (Row{4, 9}));
    EXPECT_EQ(floats_of(runs[0].outputs[1]), (Row{64, 1}));
    EXPECT_EQ(floats_of(runs[1].outputs[1]), (Row{3844, 9}));
    EXPECT_EQ(floats_of(runs[2].outputs[1]), (Row{14753281, 16}));
}

class StatePolicy : public testing::TestWithParam<bool> {};

TEST_P(StatePolicy, oracle)
{
    expect_runs(run_oracle(two_recurrences({1, 2}), Match::tflm, GetParam(), kInputs), GetParam());
}

TEST_P(StatePolicy, generated_c_on_every_kind_of_machine)
{
    for (const char* name : {"host", "uno", "cortex-m4"}) {
        SCOPED_TRACE(name);
        const ResolvedTarget target = find_target(name);
        try {
            const Program program =
                compile(two_recurrences({1, 2}),
                        {.name = "sums", .target = target.facts, .keep_state = GetParam()});
            EXPECT_EQ(program.sequence_bytes, GetParam() ? 0 : 8);
            EXPECT_EQ(program.state_bytes, 16);
            expect_runs(run_on_target(program, target, kInputs), GetParam());
        } catch (const Error& error) {
            if (error.code() != ErrorCode::T0401) throw;
            GTEST_SKIP() << error.what();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Policies, StatePolicy, testing::Bool(),
                         [](const auto& info) { return info.param ? "keep" : "reset"; });

TEST(StatePolicy, a_state_of_equal_bytes_is_set_at_once)
{
    const ResolvedTarget host = find_target("host");
    const auto source = [&](const std::vector<float>& start) {
        return emit_c(compile(two_recurrences(start), {.name = "sums", .target = host.facts}),
                      {.target = "host"})
            .source;
    };
    EXPECT_NE(source({0, 0}).find("memset(state->bytes, 0, 8)"), std::string::npos);
    EXPECT_EQ(source({1, 2}).find("memset(state->bytes, 0, 8)"), std::string::npos);
}

}  // namespace
}  // namespace thimble
