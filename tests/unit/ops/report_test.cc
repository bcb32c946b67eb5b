// Which decisions are reported: worked numbers, and the kernel on every kind of machine.
#include "ops/report.h"

#include "compile.h"
#include "one_node.h"
#include "verify/engine.h"

#include <algorithm>

namespace thimble {
namespace {

struct Decided {
    int32_t label;
    bool certain;
    bool reported;
};

// Label 0 is silent; two decisions are passed over behind a report.
const std::vector<Decided> kDecided = {{0, true, false},  {2, false, false}, {2, true, true},
                                       {1, true, false},  {2, true, false},  {0, true, false},
                                       {1, false, false}, {1, true, true},   {1, false, false},
                                       {1, false, false}, {1, true, true}};
const ReportAttributes kAttributes = {{0, 7}, 2};

TEST(Report, passes_over_silent_labels_and_what_follows_a_report)
{
    OneNode node("report");
    node.in<int32_t>({1}, {0}).in<uint8_t>({1}, {0}).state<int32_t>({1}, {0}).out();
    node.input_tensor(1).type = DType::boolean;
    node.node().attributes = kAttributes;
    for (const Decided& one : kDecided) {
        node.set<int32_t>(0, {one.label});
        node.set<uint8_t>(1, {one.certain});
        node.run();
        EXPECT_EQ(node.output<uint8_t>()[0] != 0, one.reported) << one.label;
    }
}

Graph report_graph()
{
    Graph graph;
    graph.name = "report";
    const auto add = [&](const char* name, DType type, TensorKind kind) {
        Tensor tensor;
        tensor.name = name;
        tensor.type = type;
        tensor.shape = {1};
        tensor.kind = kind;
        if (kind == TensorKind::state)
            tensor.data = std::make_shared<const std::vector<uint8_t>>(4, uint8_t{0});
        return graph.add_tensor(std::move(tensor));
    };
    const TensorId label = add("label", DType::i32, TensorKind::activation);
    const TensorId certain = add("certain", DType::boolean, TensorKind::activation);
    const TensorId waiting = add("waiting", DType::i32, TensorKind::state);
    const TensorId reported = add("reported", DType::boolean, TensorKind::activation);
    Node node;
    node.name = "report";
    node.op = find_op("report");
    node.inputs = {label, certain, waiting};
    node.outputs = {reported};
    node.attributes = kAttributes;
    node.op->infer(graph, node);
    graph.nodes = {node};
    graph.inputs = {label, certain};
    graph.outputs = {reported};
    return graph;
}

class ReportOn : public testing::TestWithParam<const char*> {};

TEST_P(ReportOn, generated_c_reports_the_same)
{
    const ResolvedTarget target = find_target(GetParam());
    const Graph graph = report_graph();
    std::vector<TensorBytes> inputs;
    for (const Decided& one : kDecided)
        inputs.push_back({Bytes{static_cast<uint8_t>(one.label), 0, 0, 0}, Bytes{one.certain}});
    try {
        const Program program = compile(graph, {.name = "report", .target = target.facts});
        const auto found = run_on_target(program, target, inputs);
        for (size_t i = 0; i < inputs.size(); ++i)
            EXPECT_EQ(found[i].outputs[0][0], kDecided[i].reported) << i;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, ReportOn,
                         testing::Values("host", "uno", "cortex-m0plus", "cortex-m4", "rv32imc"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace thimble
