// Stages for motion, composed and run by the oracle; the example's stream of twenty motions on this
// computer and on the emulated Uno.
#include "project/pipeline.h"

#include "../verify/run_c.h"
#include "base/error.h"
#include "compile.h"
#include "data/dataset.h"
#include "project/data_section.h"
#include "verify/engine.h"
#include "verify/profile.h"
#include "verify/ticks.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

namespace fs = std::filesystem;

// examples/ of the checkout that this program was built in; empty when it was moved away.
fs::path examples()
{
    for (fs::path at = fs::read_symlink("/proc/self/exe"); at.has_relative_path();) {
        at = at.parent_path();
        if (fs::exists(at / "docs" / "architecture.md")) return at / "examples";
    }
    return {};
}

Pipeline compose(const std::string& text, size_t first = 0)
{
    return compose_pipeline(parse_project_file(text, "wave/thimble.toml"), first);
}

std::string refusal(const std::string& text)
{
    try {
        compose(text);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

std::string project(const std::string& stages)
{
    return "name = \"wave\"\n[input]\nkind = \"motion\"\nchannels = [\"x\", \"y\"]\n" + stages;
}

// Each row is a tick.
std::vector<RunOutputs> ticks(const Graph& graph, const std::vector<std::vector<int16_t>>& rows)
{
    std::vector<TensorBytes> inputs;
    for (const std::vector<int16_t>& row : rows) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(row.data());
        inputs.push_back({Bytes(bytes, bytes + row.size() * sizeof(int16_t))});
    }
    return run_oracle(graph, Match::tflm, false, inputs);
}

template <typename T> std::vector<T> as(const Bytes& bytes)
{
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

TEST(MotionStages, a_trigger_gives_windows_that_are_normalised_as_whole_numbers)
{
    const Pipeline pipeline = compose(project(
        "[[stage]]\nkind = \"trigger\"\nthreshold = 100\nsamples = 2\nbefore = 1\n"
        "[[stage]]\nkind = \"normalize\"\ndivide = 10\nclamp = [-5, 5]\n"));
    ASSERT_EQ(pipeline.joints.size(), 3u);
    EXPECT_EQ(pipeline.joints[1].tensor.shape, (Shape{2, 2}));
    EXPECT_EQ(pipeline.joints[2].tensor.type, DType::i8);
    const auto runs = ticks(pipeline.graph, {{200, 0}, {29, -39}, {-60, 41}, {-99, 7}});
    EXPECT_EQ(as<uint8_t>(runs[0].outputs[0])[0], 0);  // no history yet
    EXPECT_EQ(as<uint8_t>(runs[1].outputs[0])[0], 0);
    EXPECT_EQ(as<uint8_t>(runs[2].outputs[0])[0], 1);
    EXPECT_EQ(as<int8_t>(runs[2].outputs[1]), (std::vector<int8_t>{2, -3, -5, 4}));
    EXPECT_EQ(as<uint8_t>(runs[3].outputs[0])[0], 1);
    EXPECT_EQ(as<int8_t>(runs[3].outputs[1]), (std::vector<int8_t>{-5, 4, -5, 0}));
}

TEST(MotionStages, a_window_in_front_is_cut_from_the_samples_that_wait)
{
    const Pipeline pipeline =
        compose(project("[[stage]]\nkind = \"window\"\nsamples = 4\nhop = 2\n"
                        "[[stage]]\nkind = \"features\"\nlist = [\"min\", \"mean\"]\n"));
    EXPECT_EQ(pipeline.interface.window, 4);
    EXPECT_EQ(pipeline.interface.hop, 2);
    EXPECT_EQ(pipeline.graph.tensor(pipeline.graph.inputs[0]).shape, (Shape{4, 2}));
    const auto runs = ticks(pipeline.graph, {{1, -4, 2, -4, 3, -4, 4, -5}});
    EXPECT_EQ(as<int32_t>(runs[0].outputs[1]), (std::vector<int32_t>{1, 2, -5, -4}));
}

TEST(MotionStages, a_window_further_down_keeps_rows)
{
    const Pipeline pipeline =
        compose(project("[[stage]]\nkind = \"normalize\"\ndivide = 2\n"
                        "[[stage]]\nkind = \"window\"\nsamples = 2\nhop = 1\n"));
    const auto runs = ticks(pipeline.graph, {{2, 4}, {6, 8}, {10, 12}});
    EXPECT_EQ(as<uint8_t>(runs[0].outputs[0])[0], 0);
    EXPECT_EQ(as<int16_t>(runs[1].outputs[1]), (std::vector<int16_t>{1, 2, 3, 4}));
    EXPECT_EQ(as<int16_t>(runs[2].outputs[1]), (std::vector<int16_t>{3, 4, 5, 6}));
}

TEST(MotionStages, refuse_what_makes_no_sense)
{
    EXPECT_NE(refusal(project("[[stage]]\nkind = \"trigger\"\nthreshold = 1\nsamples = 3\n"
                              "before = 3\n"))
                  .find("thimble.toml:9: before: 3 of 3 samples"),
              std::string::npos);
    EXPECT_NE(refusal(project("[[stage]]\nkind = \"features\"\nlist = [\"mean\"]\n"))
                  .find("a window: [rows, channels]"),
              std::string::npos);
    EXPECT_NE(refusal(project("[[stage]]\nkind = \"window\"\nsamples = 3\n"
                              "[[stage]]\nkind = \"features\"\nlist = [\"mena\"]\n"))
                  .find("list = [\"mean\"]"),
              std::string::npos);
    EXPECT_NE(refusal(project("[[stage]]\nkind = \"normalize\"\ndivide = [1, 2, 3]\n"))
                  .find("one, or 2"),
              std::string::npos);
    EXPECT_NE(refusal(project("[[stage]]\nkind = \"normalize\"\ndivide = 0.5\n"))
                  .find("whole numbers"),
              std::string::npos);
    EXPECT_NE(refusal(project("[[stage]]\nkind = \"normalize\"\nclamp = [2, 1]\n"))
                  .find("the least and the greatest"),
              std::string::npos);
}

// Twenty motions, punch and flex in turn (examples/gesture/generate_motion.py --stream).
std::vector<TensorBytes> stream_of(const fs::path& gesture)
{
    DataOptions options;
    options.folder = gesture;
    options.files = {"stream/*.csv"};
    const Dataset set = load_dataset(options);
    EXPECT_EQ(set.recordings.size(), 1u);
    const Bytes all = values_as(set.recordings[0], DType::i16);
    std::vector<TensorBytes> inputs;
    for (size_t at = 0; at < all.size(); at += 6)
        inputs.push_back({Bytes(all.begin() + static_cast<std::ptrdiff_t>(at),
                                all.begin() + static_cast<std::ptrdiff_t>(at) + 6)});
    return inputs;
}

struct Decided {
    size_t tick;
    int32_t label;
    int score;
    bool operator==(const Decided&) const = default;
};

std::vector<Decided> decisions(const std::vector<RunOutputs>& runs)
{
    std::vector<Decided> result;
    for (size_t i = 0; i < runs.size(); ++i)
        if (runs[i].outputs[0][0] != 0)
            result.push_back({i, as<int32_t>(runs[i].outputs[1])[0],
                              as<int8_t>(runs[i].outputs[2])[0]});
    return result;
}

TEST(MotionStages, twenty_motions_give_twenty_decisions_here_and_on_an_uno)
{
    if (examples().empty()) GTEST_SKIP() << "examples is not above this program";
    const fs::path gesture = examples() / "gesture";
    const Pipeline pipeline = compose_pipeline(read_project_file(gesture));
    const std::vector<TensorBytes> inputs = stream_of(gesture);
    const auto expected = run_oracle(pipeline.graph, Match::tflm, false, inputs);
    const std::vector<Decided> decided = decisions(expected);
    ASSERT_EQ(decided.size(), 20u);
    for (size_t i = 0; i < decided.size(); ++i)
        EXPECT_EQ(decided[i].label, static_cast<int32_t>(i % 2)) << i;
    for (const char* machine : {"host", "uno"}) {
        if (const std::string missing = missing_program(machine); !missing.empty())
            GTEST_SKIP() << missing << " is not installed";
        const ResolvedTarget target = find_target(machine);
        const Program program =
            compile(pipeline.graph, {.name = "gesture", .target = target.facts});
        for (const Step& step : program.steps)
            for (const KernelCall& call : step.calls)
                EXPECT_EQ(call.kernel.find("f32"), std::string::npos) << call.kernel;
        EXPECT_EQ(decisions(run_on_target(program, target, inputs)), decided) << machine;
    }
}

// Labels alone: the place of the greatest logit is that of the greatest probability.
TEST(MotionStages, labels_without_a_score_leave_the_softmax_out)
{
    if (examples().empty()) GTEST_SKIP() << "examples is not above this program";
    const fs::path path = examples() / "gesture" / "thimble.toml";
    const Pipeline scored = compose_pipeline(read_project_file(path));
    const std::vector<uint8_t> bytes = read_file(path);
    std::string text(bytes.begin(), bytes.end());
    const std::string argmax = "kind = \"argmax\"\n";
    text.insert(text.find(argmax) + argmax.size(), "score = false\n");
    Pipeline labels = compose_pipeline(parse_project_file(text, path));
    ASSERT_EQ(labels.graph.outputs.size(), 2u);
    std::vector<RawRecording> recordings(1);
    for (const TensorBytes& one : stream_of(path.parent_path()))
        recordings[0].samples.insert(recordings[0].samples.end(), one[0].begin(), one[0].end());
    const auto program_of = [](Pipeline pipeline, const ResolvedTarget& target) {
        pipeline.graph.interface = std::make_shared<const PipelineInterface>(pipeline.interface);
        return compile(pipeline.graph, {.name = "gesture", .target = target.facts});
    };
    for (const char* machine : {"host", "uno"}) {
        if (const std::string missing = missing_program(machine); !missing.empty())
            GTEST_SKIP() << missing << " is not installed";
        const ResolvedTarget target = find_target(machine);
        const Program with = program_of(scored, target), without = program_of(labels, target);
        for (const Step& step : without.steps) EXPECT_NE(step.op, "softmax");
        auto expected = run_recordings(with, target, recordings);
        for (PipelineDecision& decision : expected) decision.values.pop_back();
        EXPECT_EQ(expected.size(), 20u);
        EXPECT_TRUE(run_recordings(without, target, recordings) == expected) << machine;
        if (std::string(machine) == "host") continue;
        const Profile before = profile_pipeline(with, target, recordings);
        const Profile after = profile_pipeline(without, target, recordings);
        EXPECT_LT(after.flash_total() + 200, before.flash_total());
        EXPECT_LT(after.total + 1000, before.total);
        std::cout << "flash " << before.flash_total() << " -> " << after.flash_total()
                  << " bytes, longest tick " << before.total << " -> " << after.total << "\n";
    }
}

}  // namespace
}  // namespace thimble
