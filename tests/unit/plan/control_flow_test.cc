// scan, while and if from graph to C: what the oracle says, every machine says too.
#include "control_graphs.h"

#include "../verify/run_c.h"
#include "verify/profile.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace thimble {
namespace {

using Ids = std::vector<TensorId>;

// A step of [1, 1, 2]: c' = c * 2 + x, with c' also stacked.
std::shared_ptr<const Graph> accumulate()
{
    GraphBuilder b;
    const TensorId x = b.input("x", DType::f32, {1, 1, 2});
    const TensorId c = b.input("c", DType::f32, {1, 1, 2});
    const TensorId sum = b.add("ADD", {b.add("ADD", {c, c}), x});
    return b.body({sum, sum});
}

Graph sums(bool reverse)
{
    GraphBuilder b;
    const TensorId x = b.input("x", DType::f32, {1, 3, 2});
    const TensorId c = b.input("c0", DType::f32, {1, 1, 2});
    const Ids out = b.add("scan", {x, c}, ScanAttributes{accumulate(), 3, reverse, {1}, 1, {1}, ""},
                          2);
    b.graph.outputs = out;
    return b.graph;
}

TEST(Scan, CarriesAndStacks)
{
    const std::vector<std::vector<float>> in = {{1, 10, 2, 20, 3, 30}, {100, 1000}};
    EXPECT_EQ(oracle_output<float>(sums(false), in), (std::vector<float>{811, 8110}));
    EXPECT_EQ(oracle_output<float>(sums(false), in, 1),
              (std::vector<float>{201, 2010, 404, 4040, 811, 8110}));
    EXPECT_EQ(oracle_output<float>(sums(true), in, 1),
              (std::vector<float>{817, 8170, 408, 4080, 203, 2030}));
}

// Time is the inner axis of two: slices lie scattered in memory.
Graph scattered()
{
    GraphBuilder body;
    const TensorId x = body.input("x", DType::i32, {2, 1, 3});
    const TensorId c = body.input("c", DType::i32, {2, 1, 3});
    const TensorId sum = body.add("ADD", {c, x});
    GraphBuilder b;
    const TensorId in = b.input("in", DType::i32, {2, 4, 3});
    const TensorId c0 = b.constant<int32_t>("c0", {2, 1, 3}, {1, 2, 3, 4, 5, 6});
    b.graph.outputs = b.add(
        "scan", {in, c0}, ScanAttributes{body.body({sum, c}), 4, false, {1}, 1, {1}, ""}, 2);
    return b.graph;
}

// Three values that change places in every turn, one that stays, and one read by its neighbour.
Graph rotation()
{
    GraphBuilder body;
    Ids c;
    for (int i = 0; i < 5; ++i) c.push_back(body.input(fmt::format("c{}", i), DType::i32, {2}));
    const TensorId last = body.add("ADD", {c[4], c[0]});
    GraphBuilder b;
    Ids in;
    for (int i = 0; i < 4; ++i) in.push_back(b.input(fmt::format("in{}", i), DType::i32, {2}));
    in.push_back(in[0]);
    b.graph.outputs = b.add("scan", in,
                            ScanAttributes{body.body({c[1], c[2], c[0], c[3], last}), 4, false, {},
                                           5, {}, ""},
                            5);
    return b.graph;
}

TEST(Scan, AssignsAllCarriedValuesAtOnce)
{
    const std::vector<std::vector<int32_t>> in = {{1, 1}, {2, 2}, {3, 3}, {4, 4}};
    EXPECT_EQ(oracle_output<int32_t>(rotation(), in, 0), (std::vector<int32_t>{2, 2}));
    EXPECT_EQ(oracle_output<int32_t>(rotation(), in, 4), (std::vector<int32_t>{8, 8}));
}

// The outer loop takes rows, the inner one elements; the inner sequence is a slice of the outer.
Graph nested()
{
    GraphBuilder inner;
    const TensorId x = inner.input("x", DType::i32, {1, 1});
    const TensorId c = inner.input("c", DType::i32, {1, 1});
    const TensorId scale = inner.input("scale", DType::i32, {1, 1});
    const TensorId next = inner.add("ADD", {inner.add("MUL", {x, scale}), c});
    GraphBuilder outer;
    const TensorId row = outer.input("row", DType::i32, {1, 5});
    const TensorId carried = outer.input("carried", DType::i32, {1, 1});
    const TensorId by = outer.input("by", DType::i32, {1, 1});
    const Ids in = outer.add("scan", {row, carried, by},
                             ScanAttributes{inner.body({next, next}), 5, true, {1}, 1, {1}, ""}, 2);
    GraphBuilder b;
    const TensorId rows = b.input("rows", DType::i32, {3, 5});
    const TensorId factor = b.input("factor", DType::i32, {1, 1});
    const TensorId start = b.constant<int32_t>("start", {1, 1}, {7});
    b.graph.outputs =
        b.add("scan", {rows, start, factor},
              ScanAttributes{outer.body({in[0], in[1]}), 3, false, {0}, 1, {0}, ""}, 2);
    return b.graph;
}

TEST(Scan, LoopsInsideOfLoops)
{
    std::vector<int32_t> rows(15, 1);
    EXPECT_EQ(oracle_output<int32_t>(nested(), {rows, {2}}), (std::vector<int32_t>{37}));
    EXPECT_EQ(oracle_output<int32_t>(nested(), {rows, {2}}, 1)[4], 9);
}

// Reads a state, writes it with every step: the state outlives the call.
Graph with_state()
{
    GraphBuilder body;
    const TensorId x = body.input("x", DType::i32, {1, 2});
    const TensorId state = body.state("total", DType::i32, {1, 2}, true);
    const TensorId old = body.tensor("old", DType::i32, {1, 2}, TensorKind::activation);
    body.finish({.name = "read", .op = find_op("read"), .inputs = {state}, .outputs = {old}});
    const TensorId other = body.add("ADD", {old, x});
    body.finish({.name = "assign", .op = find_op("assign"), .inputs = {other, state}});
    GraphBuilder b;
    const TensorId in = b.input("in", DType::i32, {4, 2});
    const TensorId total = b.state("total", DType::i32, {1, 2}, false);
    const ScanAttributes attributes = {body.body({other}), 4, false, {0}, 0, {0}, ""};
    b.graph.outputs = b.add("scan", {in, total}, attributes, 1);
    return b.graph;
}

TEST(Scan, WritesTheOuterState)
{
    const Graph graph = with_state();
    Oracle oracle(graph, Match::tflm);
    const std::vector<int32_t> in = {1, 2, 3, 4, 5, 6, 7, 8};
    for (int run = 1; run <= 2; ++run) {
        oracle.set_input(0, {reinterpret_cast<const uint8_t*>(in.data()), 32});
        oracle.run();
        int32_t last[2];
        std::memcpy(last, oracle.output(0).data() + 24, 8);
        EXPECT_EQ(last[0], 16 * run);
        EXPECT_EQ(last[1], 20 * run);
    }
}

// Doubles a value until it exceeds a limit, and counts.
Graph doubling()
{
    GraphBuilder test;
    const TensorId tv = test.input("v", DType::i32, {1});
    test.input("n", DType::i32, {1});
    const TensorId limit = test.input("limit", DType::i32, {1});
    const TensorId less = test.add("LESS", {tv, limit});
    GraphBuilder body;
    const TensorId v = body.input("v", DType::i32, {1}), n = body.input("n", DType::i32, {1});
    body.input("limit", DType::i32, {1});
    const TensorId one = body.constant<int32_t>("one", {1}, {1});
    const TensorId more = body.add("ADD", {body.add("ADD", {v, v}), one});
    const TensorId count = body.add("ADD", {n, one});
    GraphBuilder b;
    const TensorId start = b.input("start", DType::i32, {1});
    const TensorId bound = b.input("bound", DType::i32, {1});
    const TensorId zero = b.constant<int32_t>("zero", {1}, {0});
    b.graph.outputs = b.add("while", {start, zero, bound},
                            WhileAttributes{test.body({less}), body.body({more, count})}, 2);
    return b.graph;
}

TEST(While, RunsUntilTheConditionFails)
{
    EXPECT_EQ(oracle_output<int32_t>(doubling(), {{1}, {100}}), (std::vector<int32_t>{127}));
    EXPECT_EQ(oracle_output<int32_t>(doubling(), {{1}, {100}}, 1), (std::vector<int32_t>{6}));
    EXPECT_EQ(oracle_output<int32_t>(doubling(), {{200}, {100}}), (std::vector<int32_t>{200}));
}

TEST(While, RefusesALoopWithoutEnd)
{
    try {
        oracle_output<int32_t>(doubling(), {{-1}, {100}});  // 2 * -1 + 1 = -1
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0207);
    }
}

// The branches share one output; the second hands its input through.
Graph branching()
{
    GraphBuilder first;
    const TensorId x1 = first.input("x", DType::i32, {3}), y1 = first.input("y", DType::i32, {3});
    const TensorId sum = first.add("ADD", {first.add("MUL", {x1, y1}), x1});
    GraphBuilder second;
    const TensorId x2 = second.input("x", DType::i32, {3});
    second.input("y", DType::i32, {3});
    const TensorId k = second.constant<int32_t>("k", {3}, {5, 6, 7});
    GraphBuilder b;
    const TensorId x = b.input("x", DType::i32, {3}), y = b.input("y", DType::i32, {3});
    const TensorId a = b.input("a", DType::i32, {1}), c = b.input("c", DType::i32, {1});
    const TensorId test = b.add("LESS", {a, c});
    const Ids out = b.add("if", {test, x, y},
                          IfAttributes{first.body({sum, sum, x1}), second.body({x2, k, x2})}, 3);
    b.graph.outputs = {b.add("ADD", {out[0], x}), out[1], out[2]};
    return b.graph;
}

TEST(If, TakesOneBranch)
{
    const std::vector<std::vector<int32_t>> yes = {{1, 2, 3}, {4, 5, 6}, {0}, {1}};
    const std::vector<std::vector<int32_t>> no = {{1, 2, 3}, {4, 5, 6}, {1}, {1}};
    EXPECT_EQ(oracle_output<int32_t>(branching(), yes), (std::vector<int32_t>{6, 14, 24}));
    EXPECT_EQ(oracle_output<int32_t>(branching(), no), (std::vector<int32_t>{2, 4, 6}));
    EXPECT_EQ(oracle_output<int32_t>(branching(), no, 1), (std::vector<int32_t>{5, 6, 7}));
}

// A sequence that is a constant, and an `if` inside of the loop that decides by the step.
Graph branching_loop()
{
    GraphBuilder first, second;
    const TensorId f = first.input("c", DType::i32, {1}), fx = first.input("x", DType::i32, {1});
    const TensorId g = second.input("c", DType::i32, {1}), gx = second.input("x", DType::i32, {1});
    const TensorId up = first.add("ADD", {f, fx}), down = second.add("SUB", {g, gx});
    GraphBuilder body;
    const TensorId x = body.input("x", DType::i32, {1}), c = body.input("c", DType::i32, {1});
    const TensorId test = body.add("LESS", {x, c});
    const Ids next =
        body.add("if", {test, c, x}, IfAttributes{first.body({up}), second.body({down})}, 1);
    GraphBuilder b;
    const TensorId steps = b.constant<int32_t>("steps", {6}, {3, 1, 4, 1, 5, 9});
    const TensorId start = b.input("start", DType::i32, {1});
    b.graph.outputs = b.add(
        "scan", {steps, start}, ScanAttributes{body.body({next[0], c}), 6, false, {0}, 1, {0}, ""},
        2);
    return b.graph;
}

// Enough work in a turn that the marks between layers do not count.
Graph long_scan()
{
    GraphBuilder body;
    const TensorId x = body.input("x", DType::f32, {1, 40});
    const TensorId c = body.input("c", DType::f32, {1, 40});
    const TensorId product = body.add("MUL", {x, c});
    const TensorId sum = body.add("ADD", {product, c});
    GraphBuilder b;
    const TensorId in = b.input("in", DType::f32, {1, 120});
    const TensorId rows = b.add("ADD", {in, in});
    const TensorId shape = b.constant<int32_t>("shape", {2}, {3, 40});
    const TensorId sequence = b.add("RESHAPE", {rows, shape});
    const TensorId start = b.constant<float>("start", {1, 40}, std::vector<float>(40, 0.5f));
    b.graph.outputs = b.add("scan", {sequence, start},
                            ScanAttributes{body.body({sum}), 3, false, {0}, 1, {}, ""}, 1);
    return b.graph;
}

class ControlFlow : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        const std::string missing = missing_program(GetParam());
        if (!missing.empty()) GTEST_SKIP() << missing << " is not installed";
    }
};

TEST_P(ControlFlow, ComputesWhatTheOracleDoes)
{
    expect_same_on(sums(false), GetParam(), "scan");
    expect_same_on(sums(true), GetParam(), "reverse scan");
    expect_same_on(scattered(), GetParam(), "scattered slices");
    expect_same_on(rotation(), GetParam(), "rotation");
    expect_same_on(nested(), GetParam(), "nested scans");
    expect_same_on(with_state(), GetParam(), "state");
    expect_same_on(branching(), GetParam(), "if");
    expect_same_on(branching_loop(), GetParam(), "if in a scan");
}

// Every turn of a loop counts to the layer that runs in it.
TEST_P(ControlFlow, LayersAddUpToTheTotal)
{
    const ResolvedTarget target = find_target(GetParam());
    if (std::string(target.family->unit).empty()) GTEST_SKIP() << "nothing is counted here";
    const Program program = compile(long_scan(), {.name = "model", .target = target.facts});
    const Profile measured = profile(program, target, 1);
    uint64_t sum = 0;
    for (const LayerCost& layer : measured.layers) sum += layer.total;
    EXPECT_NEAR(static_cast<double>(sum), static_cast<double>(measured.total),
                0.01 * static_cast<double>(measured.total));
}

// The value is doubled where it lies, the sum is written into its place: no copy in the loop.
TEST(Copies, AreNotMadeWhereTheOperatorComputesInPlace)
{
    const Program program =
        compile(sums(false), {.name = "model", .target = find_target("host").facts});
    for (const Step& step : program.steps)
        if (step.kind == StepKind::region_end) {
            EXPECT_EQ(step.calls.size(), 1u) << "one value has two uses: one copy";
        }
    const Program rotating =
        compile(rotation(), {.name = "model", .target = find_target("host").facts});
    EXPECT_EQ(rotating.steps.back().calls.size(), 4u) << "three places and one aside";
}

INSTANTIATE_TEST_SUITE_P(Machines, ControlFlow,
                         testing::Values("host", "avr", "cortex-m0plus", "cortex-m4", "rv32imc"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::erase(name, '-');
                             return name;
                         });

}  // namespace
}  // namespace thimble
