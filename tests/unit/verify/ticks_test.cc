// Recordings cut into ticks, and what lies in branches traced by the oracle and by generated C.
#include "verify/ticks.h"

#include "compile.h"
#include "project/project.h"
#include "verify/verify.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

Graph tick_graph(int64_t window, int64_t hop, bool takes_end)
{
    Graph graph;
    Tensor samples;
    samples.name = "samples";
    samples.type = DType::u8;
    samples.shape = {window, 2};
    graph.inputs = {graph.add_tensor(samples)};
    if (takes_end) {
        Tensor end;
        end.type = DType::boolean;
        end.shape = {1};
        graph.inputs.push_back(graph.add_tensor(end));
    }
    PipelineInterface interface;
    interface.kind = InputKind::motion;
    interface.row = 2;
    interface.window = window;
    interface.hop = hop;
    interface.takes_end = takes_end;
    graph.interface = std::make_shared<const PipelineInterface>(interface);
    return graph;
}

RawRecording counting(int samples)
{
    RawRecording recording{"counting", {}};
    for (int i = 0; i < 2 * samples; ++i) recording.samples.push_back(static_cast<uint8_t>(i));
    return recording;
}

TEST(Ticks, windows_advance_by_the_hop)
{
    const auto ticks = cut_ticks(tick_graph(4, 3, false), {counting(11), counting(3), counting(4)});
    ASSERT_EQ(ticks.size(), 4u);
    EXPECT_EQ(ticks[1].inputs[0], Bytes({6, 7, 8, 9, 10, 11, 12, 13}));
    EXPECT_EQ(ticks[2].samples, 10u);
    EXPECT_TRUE(ticks[0].first);
    EXPECT_FALSE(ticks[1].first);
    EXPECT_TRUE(ticks[3].first);
    EXPECT_EQ(ticks[3].recording, 2u);
}

TEST(Ticks, the_end_is_a_tick_of_its_own_where_it_is_asked_for)
{
    const auto ticks = cut_ticks(tick_graph(1, 1, true), {counting(2), counting(0)});
    ASSERT_EQ(ticks.size(), 4u);
    EXPECT_EQ(ticks[1].inputs[1], Bytes{0});
    EXPECT_EQ(ticks[2].inputs[1], Bytes{1});
    EXPECT_EQ(ticks[2].inputs[0], Bytes({0, 0}));
    EXPECT_EQ(ticks[2].samples, 2u);
    EXPECT_TRUE(ticks[3].first);
    EXPECT_EQ(ticks[3].samples, 0u);
}

// Two conditions, one in the branch of the other.
const char* const kNested = R"(
name = "nested"
[input]
kind = "tensor"
shape = [3]
[[stage]]
kind = "argmax"
[[stage]]
kind = "threshold"
at_least = 1
[[stage]]
kind = "threshold"
at_least = 2
)";

RawRecording floats(std::initializer_list<float> values)
{
    RawRecording recording{"floats", Bytes(values.size() * sizeof(float))};
    std::memcpy(recording.samples.data(), std::data(values), recording.samples.size());
    return recording;
}

TEST(Trace, branches_are_compared_in_the_ticks_that_take_them)
{
    const ResolvedTarget host = find_target("host");
    const Graph graph = load_project(parse_project_file(kNested, "nested/thimble.toml")).graph;
    const Program program = compile(graph, {.name = "nested", .target = host.facts, .lower = {}});
    ASSERT_GE(program.bodies.size(), 2u);
    const VerifyReport report =
        verify_pipeline(graph, program, host, Match::tflm,
                        {floats({0, 0.5f, 0}), floats({0, 1.5f, 0}), floats({0, 0, 2.5f})});
    EXPECT_EQ(report.mismatches, 0);
    EXPECT_EQ(report.decisions, 1);
    // The second condition is computed in the branch of the first: in two of three ticks.
    const auto inner = std::ranges::find_if(report.tensors, [](const TensorReport& tensor) {
        return tensor.compared && tensor.layer.find(" / ") != std::string::npos;
    });
    ASSERT_NE(inner, report.tensors.end()) << "nothing inside of a branch was compared";
    EXPECT_EQ(inner->elements, 2);
}

TEST(Trace, another_program_is_found_out)
{
    const ResolvedTarget host = find_target("host");
    const Graph graph = load_project(parse_project_file(kNested, "nested/thimble.toml")).graph;
    std::string other = kNested;
    other.replace(other.rfind('2'), 1, "3");
    const Graph wrong = load_project(parse_project_file(other, "nested/thimble.toml")).graph;
    const Program program = compile(wrong, {.name = "nested", .target = host.facts, .lower = {}});
    const VerifyReport report =
        verify_pipeline(graph, program, host, Match::tflm, {floats({0, 0, 2.5f})});
    EXPECT_FALSE(report.bit_exact);
    // The condition, `valid`, label and score, and the decision that is missing.
    EXPECT_GE(report.mismatches, 3);
    const bool missing = std::ranges::any_of(report.tensors, [](const TensorReport& tensor) {
        return tensor.name == "decisions" && tensor.mismatches == 1;
    });
    EXPECT_TRUE(missing);
}

}  // namespace
}  // namespace thimble
