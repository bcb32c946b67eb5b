// A network over time as one loop: the same values as the layers one after another, by the
// reference arithmetic; and NAME_step, which equals a whole call on every kind of machine.
#include "../plan/control_graphs.h"
#include "ops/recurrent.h"
#include "passes/passes.h"
#include "plan/schedule.h"

#include <random>

namespace thimble {
namespace {

constexpr int64_t kSteps = 5, kInputs = 3, kUnits = 4;

// Networks of lstm layers with seeded weights, in float32 or int8.
class TimeNet : public GraphBuilder {
public:
    explicit TimeNet(DType type, bool constant_start = false, int64_t steps = kSteps)
        : type_(type), constant_start_(constant_start)
    {
        graph.name = "net";
        x = input("x", type, {1, steps, kInputs});
        graph.tensor(x).quant = quantization(0.05f, 3);
    }

    TensorId lstm(TensorId from, LstmAttributes attributes = {})
    {
        const int64_t in_count = graph.tensor(from).shape.back();
        std::vector<TensorId> inputs(lstm_input::count, kNoTensor);
        inputs[lstm_input::x] = from;
        for (size_t g = 0; g < 4; ++g) {
            inputs[lstm_input::input_weights + g] = weights({kUnits, in_count});
            inputs[lstm_input::recurrent_weights + g] = weights({kUnits, kUnits});
            inputs[lstm_input::biases + g] = bias(kUnits);
        }
        const bool integer = type_ == DType::i8;
        inputs[lstm_input::hidden] = state_of(type_, {1.0f / 128, 0});
        inputs[lstm_input::cell] = state_of(integer ? DType::i16 : DType::f32, {1.0f / 4096, 0});
        Node node;
        node.op = find_op("lstm");
        node.name = node.source_op = "lstm" + std::to_string(graph.nodes.size());
        node.inputs = inputs;
        node.attributes = attributes;
        node.outputs = {tensor(node.name, type_, {}, TensorKind::activation)};
        graph.tensor(node.outputs[0]).quant = quantization(1.0f / 128, 0);
        return finish(std::move(node)).at(0);
    }

    TensorId dense(TensorId from, int64_t in_count, int64_t out_count)
    {
        return add("FULLY_CONNECTED", {from, weights({out_count, in_count}), bias(out_count)},
                   quantization(0.03f, -4));
    }
    TensorId reshape(TensorId from, const std::vector<int32_t>& shape)
    {
        const auto rank = static_cast<int64_t>(shape.size());
        return add("RESHAPE", {from, constant<int32_t>("shape", {rank}, shape)},
                   graph.tensor(from).quant);
    }
    TensorId last_row(TensorId from)
    {
        const auto size = static_cast<int32_t>(graph.tensor(from).shape.back());
        return add("SLICE",
                   {from, constant<int32_t>("begin", {3}, {0, kSteps - 1, 0}),
                    constant<int32_t>("size", {3}, {1, 1, size})},
                   graph.tensor(from).quant);
    }
    Graph done(std::vector<TensorId> outputs) { return *body(std::move(outputs)); }

    TensorId x;

private:
    Quantization quantization(float scale, int64_t zero_point) const
    {
        return type_ == DType::i8 ? Quantization{{scale}, {zero_point}, 0} : Quantization{};
    }
    float random() { return static_cast<float>(static_cast<int>(random_() % 2001) - 1000) / 1000; }
    TensorId weights(Shape shape)
    {
        const auto count = static_cast<size_t>(element_count(shape));
        TensorId id;
        if (type_ == DType::i8) {
            std::vector<int8_t> values(count);
            for (int8_t& v : values) v = static_cast<int8_t>(random() * 127);
            id = constant<int8_t>("w", std::move(shape), values);
        } else {
            std::vector<float> values(count);
            for (float& v : values) v = random();
            id = constant<float>("w", std::move(shape), values);
        }
        graph.tensor(id).quant = quantization(0.01f, 0);
        return id;
    }
    TensorId bias(int64_t count)
    {
        if (type_ == DType::f32) return weights({count});
        std::vector<int32_t> values(static_cast<size_t>(count));
        for (int32_t& v : values) v = static_cast<int32_t>(random() * 900);
        return constant<int32_t>("b", {count}, values);
    }
    TensorId state_of(DType type, Quantization quant)
    {
        const TensorId id = constant_start_ ? start_of(type) : state("h", type, {1, kUnits}, false);
        if (type != DType::f32) graph.tensor(id).quant = std::move(quant);
        graph.tensor(id).per_sequence = !constant_start_;
        return id;
    }
    TensorId start_of(DType type)
    {
        const TensorId id = tensor("h0", type, {1, kUnits}, TensorKind::constant);
        std::vector<uint8_t> bytes(static_cast<size_t>(graph.tensor(id).bytes()), 0);
        if (type == DType::i8) bytes[1] = 77;
        graph.set_constant(id, bytes);
        return id;
    }
    TensorId state_of(DType type, std::pair<float, int64_t> quant)
    {
        return state_of(type, Quantization{{quant.first}, {quant.second}, 0});
    }

    DType type_;
    bool constant_start_;
    std::mt19937 random_{7};
};

Graph sums_net(DType type)
{
    TimeNet net(type);
    const TensorId h = net.lstm(net.x);
    return net.done({net.dense(net.reshape(h, {1, kSteps * kUnits}), kSteps * kUnits, 6)});
}

// The states are no variables: each call starts from constants.
Graph constant_start_net(DType type)
{
    TimeNet net(type, true);
    const TensorId h = net.lstm(net.x);
    return net.done({net.dense(net.reshape(h, {1, kSteps * kUnits}), kSteps * kUnits, 6)});
}

// Two layers, an element-wise one between, and of the last layer the last row.
Graph stacked_net(DType type)
{
    TimeNet net(type);
    const TensorId first = net.lstm(net.x);
    const TensorId relu = net.add("RELU", {first}, net.graph.tensor(first).quant);
    const TensorId second = net.lstm(relu);
    return net.done({net.reshape(net.last_row(second), {1, kUnits})});
}

Graph sequence_net(DType type)
{
    TimeNet net(type);
    return net.done({net.lstm(net.x)});
}

Graph reverse_net(DType type)
{
    TimeNet net(type);
    LstmAttributes reverse;
    reverse.reverse = true;
    const TensorId forward = net.lstm(net.x), backward = net.lstm(net.x, reverse);
    return net.done({forward, backward});
}

std::vector<std::string> ops_of(const Graph& graph)
{
    std::vector<std::string> names;
    for (const Node& node : graph.nodes) names.emplace_back(node.op->name);
    return names;
}

std::vector<TensorBytes> inputs_of(const Graph& graph)
{
    std::vector<TensorBytes> inputs;
    for (const Case& one : make_cases(graph, 6, 3)) inputs.push_back(one.inputs);
    return inputs;
}

void expect_same_values(const Graph& before, const Graph& after)
{
    const std::vector<TensorBytes> inputs = inputs_of(before);
    const auto expected = run_oracle(before, Match::tflm, true, inputs);
    const auto found = run_oracle(after, Match::tflm, true, inputs);
    for (size_t run = 0; run < inputs.size(); ++run) {
        for (size_t i = 0; i < before.outputs.size(); ++i) {
            TensorReport report;
            compare_values(before.tensor(before.outputs[i]), expected[run].outputs[i],
                           found[run].outputs[i], static_cast<int>(run), report);
            EXPECT_EQ(report.mismatches, 0) << "run " << run << ", output " << i;
        }
    }
}

using Names = std::vector<std::string>;

TEST(StreamTime, a_dense_layer_over_time_becomes_running_sums)
{
    for (const DType type : {DType::i8, DType::f32}) {
        const Graph before = sums_net(type);
        Graph after = before;
        run_pass(stream_time, after);
        EXPECT_EQ(ops_of(after), (Names{"scan", "dense_finish"}));
        EXPECT_EQ(ops_of(*bodies_of(after.nodes[0])[0]), (Names{"lstm", "dense_accumulate"}));
        expect_same_values(before, after);
    }
}

TEST(StreamTime, layers_follow_one_another_within_a_step)
{
    for (const DType type : {DType::i8, DType::f32}) {
        const Graph before = stacked_net(type);
        Graph after = before;
        run_pass(stream_time, after);
        ASSERT_EQ(ops_of(after)[0], "scan");
        const auto& scan = std::any_cast<const ScanAttributes&>(after.nodes[0].attributes);
        EXPECT_EQ(ops_of(*scan.body), (Names{"lstm", "relu", "lstm"}));
        EXPECT_TRUE(scan.stacked_axes.empty()) << "a sequence is stored";
        expect_same_values(before, after);
    }
}

TEST(StreamTime, initial_states_are_carried)
{
    for (const DType type : {DType::i8, DType::f32}) {
        const Graph before = constant_start_net(type);
        Graph after = before;
        run_pass(stream_time, after);
        EXPECT_EQ(ops_of(after), (Names{"scan", "dense_finish"}));
        expect_same_values(before, after);
    }
}

TEST(StreamTime, a_sequence_that_is_wanted_is_stacked)
{
    const Graph before = sequence_net(DType::i8);
    Graph after = before;
    run_pass(stream_time, after);
    EXPECT_EQ(ops_of(after), (Names{"scan"}));
    expect_same_values(before, after);
}

TEST(StreamTime, reverse_layers_stay)
{
    const Graph before = reverse_net(DType::i8);
    Graph after = before;
    run_pass(stream_time, after);
    EXPECT_EQ(ops_of(after), (Names{"lstm", "lstm"}));
}

TEST(StreamTime, sums_that_could_leave_32_bits_are_not_split)
{
    Graph before = sums_net(DType::i8);
    const Node& dense = before.nodes.back();
    std::vector<uint8_t> bias = *before.input(dense, 2).data;
    bias[3] = 0x7F;  // 2,130,706,432 and more
    before.set_constant(dense.inputs[2], bias);
    Graph after = before;
    run_pass(stream_time, after);
    EXPECT_EQ(ops_of(after), (Names{"scan", "reshape", "dense"}));
    expect_same_values(before, after);
}

struct StepCase {
    const char* target;
    Feed feed;
    bool keep;
};

class Steps : public testing::TestWithParam<StepCase> {};

TEST_P(Steps, equal_the_oracle_and_whole_calls)
{
    const auto& [name, feed, keep] = GetParam();
    const ResolvedTarget target = find_target(name);
    for (const DType type : {DType::i8, DType::f32}) {
        for (const Graph& graph : {sums_net(type), stacked_net(type), sequence_net(type),
                                   constant_start_net(type)}) {
            const Program program = compile(
                graph, {.name = "net", .target = target.facts, .keep_state = keep, .feed = feed});
            ASSERT_TRUE(program.sequence_loop.has_value()) << program.no_step_reason;
            EXPECT_EQ(program.sequence_loop->turns, kSteps);
            try {
                const VerifyReport report = verify(graph, program, target, Match::tflm,
                                                   make_cases(graph, 4, 1), {.keep_state = keep});
                EXPECT_EQ(report.mismatches, 0) << graph.nodes.back().name;
                EXPECT_EQ(report.bit_exact || type == DType::f32, true);
            } catch (const Error& error) {
                if (error.code() != ErrorCode::T0401) throw;
                GTEST_SKIP() << error.what();
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Machines, Steps,
    testing::Values(StepCase{"host", Feed::whole, false}, StepCase{"host", Feed::whole, true},
                    StepCase{"host", Feed::steps, false}, StepCase{"host", Feed::steps, true},
                    StepCase{"uno", Feed::whole, false}, StepCase{"uno", Feed::steps, true},
                    StepCase{"cortex-m4", Feed::steps, false},
                    StepCase{"cortex-m0plus", Feed::steps, false},
                    StepCase{"rv32imc", Feed::steps, false}),
    [](const auto& info) {
        std::string name = info.param.target;
        std::ranges::replace(name, '-', '_');
        return name + (info.param.feed == Feed::whole ? "_whole" : "_steps") +
               (info.param.keep ? "_keep" : "_reset");
    });

TEST(Steps, the_input_is_not_stored_when_it_is_fed_by_steps)
{
    const ResolvedTarget host = find_target("host");
    const auto bytes = [&](Feed feed) {
        const Program program =
            compile(sums_net(DType::i8), {.name = "net", .target = host.facts, .feed = feed});
        return program.state_bytes + program.work_bytes;
    };
    EXPECT_GE(bytes(Feed::whole), bytes(Feed::steps) + (kSteps - 1) * kInputs);
}

TEST(Steps, need_a_state_that_a_machine_can_hold)
{
    constexpr int64_t many = int64_t{1} << 23;  // of 16 bytes of h: 128 MB
    TimeNet net(DType::f32, false, many);
    const Graph graph = net.done({net.lstm(net.x)});
    const ResolvedTarget host = find_target("host");
    const Program program = compile(graph, {.name = "net", .target = host.facts});
    EXPECT_FALSE(program.sequence_loop);
    EXPECT_NE(program.no_step_reason.find("pass from step to step"), std::string::npos)
        << program.no_step_reason;
}

TEST(Steps, the_order_of_inputs_does_not_matter_unless_state_is_kept)
{
    const Graph graph = sums_net(DType::i8);
    const ResolvedTarget host = find_target("host");
    std::vector<TensorBytes> inputs = inputs_of(graph);
    for (const bool keep : {false, true}) {
        const Program program =
            compile(graph, {.name = "net", .target = host.facts, .keep_state = keep});
        auto forward = run_on_target(program, host, inputs);
        std::vector<TensorBytes> turned(inputs.rbegin(), inputs.rend());
        auto backward = run_on_target(program, host, turned);
        std::ranges::reverse(backward);
        bool same = true;
        for (size_t i = 0; i < inputs.size(); ++i)
            same = same && forward[i].outputs == backward[i].outputs;
        EXPECT_EQ(same, !keep);
    }
}

TEST(Steps, a_network_that_needs_all_of_its_input_says_why)
{
    const ResolvedTarget host = find_target("host");
    const Graph graph = reverse_net(DType::i8);
    const Program program = compile(graph, {.name = "net", .target = host.facts});
    EXPECT_FALSE(program.sequence_loop.has_value());
    EXPECT_NE(program.no_step_reason.find("needs the whole input"), std::string::npos)
        << program.no_step_reason;
    try {
        compile(graph, {.name = "net", .target = host.facts, .feed = Feed::steps});
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0208);
    }
}

}  // namespace
}  // namespace thimble
