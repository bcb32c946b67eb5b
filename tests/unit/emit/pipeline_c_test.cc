// Generated pipelines: push, poll, flush and decide against the oracle's ticks; two of them in one
// program; pushed by a timer interrupt on an emulated Uno while poll runs.
#include "../passes/recurrent_drafts.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "compile.h"
#include "emit/c_source.h"
#include "project/project.h"
#include "verify/emulator.h"
#include "verify/profile.h"
#include "verify/ticks.h"
#include "verify/verify.h"

#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>

namespace thimble {
namespace {

// Which axis is the strongest, sample by sample.
const char* const kAxes = R"(
name = "axes"
[input]
kind = "motion"
channels = ["x", "y", "z"]
rate_hz = 50
buffer = 150
[[stage]]
kind = "argmax"
labels = ["along x", "along y", "along z"]
)";

// The loudest channel, where it is loud enough: windows that overlap, and a branch.
const char* const kSound = R"(
name = "sound"
[input]
kind = "audio"
rate_hz = 16000
[[stage]]
kind = "audio_frontend"
output = "int8"
[[stage]]
kind = "argmax"
[[stage]]
kind = "threshold"
at_least = 20
)";

// Every byte, and the end.
const char* const kLetters = R"(
name = "letters"
[input]
kind = "text"
buffer = 8
[[stage]]
kind = "argmax"
labels = ["byte"]
)";

const char* const kWhole = R"(
name = "whole"
[input]
kind = "tensor"
type = "int8"
shape = [4]
[[stage]]
kind = "argmax"
[[stage]]
kind = "threshold"
at_least = 0
)";

Graph graph_of(const char* text)
{
    return load_project(parse_project_file(text, "project/thimble.toml")).graph;
}

Program program_of(const Graph& graph, const ResolvedTarget& target)
{
    return compile(graph, {.name = graph.name, .target = target.facts, .lower = {}});
}

std::vector<RawRecording> recordings_of(const Graph& graph)
{
    std::vector<RawRecording> recordings = make_recordings(graph, Match::tflm, 4, 3);
    // One too short for a tick, and an empty one.
    if (graph.interface->streamed()) {
        recordings.push_back({"short", Bytes(static_cast<size_t>(sample_bytes(graph)), 7)});
        recordings.push_back({"empty", {}});
        recordings.push_back(recordings[0]);
    }
    return recordings;
}

class PipelineC : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(PipelineC, decides_as_the_oracle_however_samples_are_cut)
{
    const ResolvedTarget target = find_target(std::get<0>(GetParam()));
    const Graph graph = graph_of(std::get<1>(GetParam()));
    const std::vector<RawRecording> recordings = recordings_of(graph);
    const std::vector<Tick> ticks = cut_ticks(graph, recordings);
    const auto expected = decisions_of(ticks, run_ticks_on_oracle(graph, Match::tflm, ticks));
    EXPECT_GT(expected.size(), 2u);
    try {
        const Program program = program_of(graph, target);
        for (const int64_t block : {1, 7, 160, 0})
            EXPECT_TRUE(run_recordings(program, target, recordings, block) == expected)
                << "blocks of " << block;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(targets, PipelineC,
                         testing::Values(std::tuple("host", kAxes), std::tuple("host", kSound),
                                         std::tuple("host", kLetters), std::tuple("host", kWhole),
                                         std::tuple("avr", kAxes), std::tuple("avr", kLetters),
                                         std::tuple("avr", kWhole),
                                         std::tuple("cortex-m0plus", kAxes),
                                         std::tuple("cortex-m4", kSound),
                                         std::tuple("rv32imc", kLetters),
                                         std::tuple("xtensa", kAxes)));

TEST(PipelineVerify, compares_what_lies_in_branches)
{
    const ResolvedTarget host = find_target("host");
    const Graph graph = graph_of(kSound);
    const VerifyReport report =
        verify_pipeline(graph, program_of(graph, host), host, Match::tflm, recordings_of(graph));
    EXPECT_TRUE(report.bit_exact);
    EXPECT_EQ(report.mismatches, 0);
    EXPECT_GT(report.decisions, 0);
    const auto pushed = std::ranges::count_if(report.tensors, [](const TensorReport& tensor) {
        return tensor.layer.starts_with("NAME_push") && tensor.elements > 0;
    });
    EXPECT_EQ(pushed, 4);
}

std::string write_sources(const TemporaryFolder& folder, const char* project,
                          const ResolvedTarget& target)
{
    const Graph graph = graph_of(project);
    const bool streamed = graph.interface->streamed();
    const Program program = compile(
        graph, {.name = graph.name, .target = target.facts, .lower = {}, .slices = streamed});
    EmitOptions options{.target = target.name};
    // Two steps a slice.
    if (streamed)
        options.slices = std::make_shared<const SlicePlan>(
            plan_slices(program, std::vector<uint64_t>(program.steps.size(), 10), 25));
    const GeneratedSource source = emit_c(program, options);
    write_file(folder.path() / (graph.name + ".h"), source.header);
    write_file(folder.path() / (graph.name + ".c"), source.source);
    return graph.name;
}

// Five layers that cost about the same.
const char* const kLayers = R"(
name = "layers"
[input]
kind = "motion"
channels = ["x", "y", "z"]
rate_hz = 50
[[stage]]
kind = "window"
samples = 32
hop = 16
[[stage]]
kind = "normalize"
scale = 256
[[stage]]
kind = "normalize"
scale = 3
[[stage]]
kind = "normalize"
add = -2
[[stage]]
kind = "normalize"
scale = 5
[[stage]]
kind = "normalize"
scale = 7
[[stage]]
kind = "argmax"
)";

// Slices of at most this share of a whole tick. Decisions are compared by measure_slices.
SlicePlan sliced(const Graph& graph, const ResolvedTarget& target, uint64_t tenths)
{
    const Program program =
        compile(graph, {.name = "sliced", .target = target.facts, .lower = {}, .slices = true});
    const std::vector<RawRecording> recordings = make_recordings(graph, Match::tflm, 2, 3);
    const uint64_t whole = measure_slices(program, target, recordings, UINT32_MAX).longest;
    SlicePlan plan = measure_slices(program, target, recordings, whole * tenths / 10);
    EXPECT_GE(plan.slices.size(), 10 / tenths);
    EXPECT_LE(plan.longest, whole * tenths / 10);
    EXPECT_THROW(measure_slices(program, target, recordings, whole / 50), Error);
    return plan;
}

TEST(PipelineSlices, keep_their_limit_and_decide_the_same)
{
    try {
        const ResolvedTarget target = find_target("cortex-m4");
        sliced(graph_of(kLayers), target, 6);
        sliced(graph_of(kLayers), target, 3);
        // The FFT is more than half of all.
        sliced(graph_of(kSound), target, 7);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

// A recurrent network whose loop over time is too long for a slice runs turn by turn.
TEST(PipelineSlices, cut_a_loop_and_decide_the_same)
{
    const TemporaryFolder folder;
    write_file(folder.path() / "net.tflite",
               write_tflite(loop_draft({.steps = 8, .in_count = 3, .units = 6})));
    const Graph graph =
        load_project(parse_project_file("name = \"loop\"\n[input]\nkind = \"motion\"\n"
                                        "channels = [\"x\", \"y\", \"z\"]\n"
                                        "[[stage]]\nkind = \"window\"\nsamples = 8\nhop = 3\n"
                                        "[[stage]]\nkind = \"normalize\"\nscale = 9000\n"
                                        "[[stage]]\nkind = \"network\"\nmodel = \"net.tflite\"\n"
                                        "[[stage]]\nkind = \"argmax\"\n",
                                        folder.path() / "thimble.toml"))
            .graph;
    for (const char* machine : {"cortex-m4", "avr"}) {
        try {
            const SlicePlan plan = sliced(graph, find_target(machine), 5);
            EXPECT_FALSE(plan.loops.empty()) << machine;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::T0401) throw;
            GTEST_SKIP() << error.what();
        }
    }
}

// Both are pushed by turns; each decision is written as its own.
const char* const kTwoMain = R"(
#include "thb_host.h"
#include "axes.h"
#include "letters.h"
static axes_t axes;
static letters_t letters;
int main(void)
{
    static const int16_t moves[9] = {1, 2, 3, 30, 20, 10, 5, 50, 5};
    axes_decision_t move;
    letters_decision_t byte;
    char name[AXES_LABEL_BYTES];
    uint8_t i, out;
    axes_init(&axes);
    letters_init(&letters);
    for (i = 0; i < 3; ++i) {
        const uint8_t letter = (uint8_t)('a' + i);
        if (axes_push(&axes, moves + 3 * i, 1) != 1 || letters_push(&letters, &letter, 1) != 1)
            return 1;
    }
    while (axes_poll(&axes, &move)) {
        axes_label(move.label, name, sizeof name);
        thb_host_write(name + 6, 1);
    }
    while (letters_poll(&letters, &byte)) {
        out = byte.score;
        thb_host_write(&out, 1);
    }
    if (!letters_text(&letters, "xyz", 3, &byte) || byte.samples != 3) return 2;
    return 0;
}
)";

class PipelineTarget : public testing::TestWithParam<const char*> {};

TEST_P(PipelineTarget, two_pipelines_work_in_one_program)
{
    const ResolvedTarget target = find_target(GetParam());
    const TemporaryFolder folder;
    FirmwareRequest request;
    request.target = &target;
    request.include_dirs = {folder.path()};
    request.output_dir = folder.path();
    request.sources = {folder.path() / "main.c"};
    write_file(folder.path() / "main.c", kTwoMain);
    for (const char* project : {kAxes, kLetters})
        request.sources.push_back(folder.path() / (write_sources(folder, project, target) + ".c"));
    try {
        const RunResult result = run_firmware(target, build_firmware(request), {});
        EXPECT_EQ(result.exit_code, 0) << result.message;
        EXPECT_EQ(std::string(result.output.begin(), result.output.end()), "zxyabc");
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(targets, PipelineTarget,
                         testing::Values("host", "avr", "cortex-m4", "rv32imc"));

TEST(PipelineSource, compiles_as_c_and_cpp_with_gcc_and_clang)
{
    const TemporaryFolder folder;
    for (const char* project : {kAxes, kSound, kLetters, kWhole}) {
        const std::string name = write_sources(folder, project, find_target("host"));
        for (const char* compiler : {"gcc -std=c99", "clang -std=c99", "g++ -x c++ -std=c++11",
                                     "clang++ -x c++ -std=c++11"}) {
            std::istringstream words(compiler);
            std::vector<std::string> command((std::istream_iterator<std::string>(words)), {});
            if (!find_program(command[0])) {
                std::cout << "SKIPPED: " << command[0] << " is missing\n";
                continue;
            }
            for (const std::string& flag :
                 {std::string("-Wall"), std::string("-Wextra"), std::string("-Wconversion"),
                  std::string("-Werror"), std::string("-O2"), std::string("-S"), std::string("-o"),
                  std::string("/dev/null"), name + ".c"})
                command.push_back(flag);
            const ProcessResult result = run_process(command, 60, folder.path());
            EXPECT_EQ(result.exit_code, 0) << compiler << result.error_output;
        }
    }
}

// A compare interrupt of timer 1 every 8000 cycles pushes 0 to 4 samples, as the axes' pipeline
// takes them; the main loop polls all the while, and now and then waits, so that the ring fills.
// Positions need more than 8 bits. Sample i has its strongest axis at (i * i + i / 5) % 3.
const char* const kTimerMain = R"(
#include <avr/interrupt.h>
#include <avr/io.h>
#include "thb_host.h"
#include "axes.h"
#define SAMPLES 4000u
static axes_t axes;
static volatile uint16_t made, refused;
static uint8_t turn;
static uint8_t strongest(uint16_t i) { return (uint8_t)(((uint32_t)i * i + i / 5u) % 3u); }
ISR(TIMER1_COMPA_vect)
{
    int16_t samples[4 * AXES_ROW] = {0};
    uint8_t count = (uint8_t)(turn++ % 5u), i;
    if (count > SAMPLES - made) count = (uint8_t)(SAMPLES - made);
    for (i = 0; i < count; ++i)
        samples[AXES_ROW * i + strongest((uint16_t)(made + i))] = (int16_t)(1000 + made + i);
    i = (uint8_t)axes_push(&axes, samples, count);
    refused = (uint16_t)(refused + (uint16_t)(count - i));
    made = (uint16_t)(made + count);
}
int main(void)
{
    axes_decision_t decision;
    uint16_t seen = 0, wrong = 0, most = 0;
    axes_init(&axes);
    OCR1A = 7999;
    TCCR1B = (uint8_t)(1u << WGM12 | 1u << CS10);
    TIMSK1 = (uint8_t)(1u << OCIE1A);
    sei();
    while (seen < SAMPLES) {
        uint16_t burst = 0;
        if (seen % 500u == 1u) {
            volatile uint16_t wait;
            for (wait = 0; wait < 30000u; ++wait) {}
        }
        while (axes_poll(&axes, &decision)) {
            if (decision.label != strongest(seen) || decision.score != (int16_t)(1000 + seen) ||
                decision.samples != (uint32_t)seen + 1u)
                ++wrong;
            ++seen;
            if (++burst > most) most = burst;
        }
    }
    cli();
    thb_host_write(&wrong, 2);
    thb_host_write((const void*)&refused, 2);
    thb_host_write(&most, 2);
    return 0;
}
)";

TEST(PipelineInterrupt, loses_nothing_that_a_timer_pushes_while_poll_runs)
{
    const ResolvedTarget target = find_target("uno");
    const TemporaryFolder folder;
    FirmwareRequest request;
    request.target = &target;
    request.include_dirs = {folder.path()};
    request.output_dir = folder.path();
    write_file(folder.path() / "main.c", kTimerMain);
    // Positions above 255, in a ring that is as long as RAM allows.
    std::string longer = kAxes;
    longer.replace(longer.find("150"), 3, "270");
    request.sources = {folder.path() / "main.c",
                       folder.path() / (write_sources(folder, longer.c_str(), target) + ".c")};
    try {
        const RunResult result = run_firmware(target, build_firmware(request), {});
        ASSERT_EQ(result.exit_code, 0) << result.message;
        ASSERT_EQ(result.output.size(), 6u);
        uint16_t numbers[3];
        std::memcpy(numbers, result.output.data(), sizeof numbers);
        EXPECT_EQ(numbers[0], 0) << "wrong decisions";
        EXPECT_EQ(numbers[1], 0) << "samples that found no room";
        EXPECT_GT(numbers[2], 20) << "decisions in one go: the ring never filled";
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

}  // namespace
}  // namespace thimble
