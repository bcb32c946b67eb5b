// The audio preprocessor of micro_speech on real clips, by the oracle and by the generated C:
// features published by TFLM for one frame, and checksums of whole clips (docs/numerics.md,
// "Audio").
#include "../shared_folder.h"
#include "base/crc32.h"
#include "base/file.h"
#include "compile.h"
#include "import/import.h"
#include "targets/target.h"
#include "verify/engine.h"

#include <gtest/gtest.h>

namespace thimble {

namespace {

constexpr size_t kWavHeaderBytes = 44;
constexpr size_t kWindowBytes = 960;  // 480 samples
constexpr size_t kStepBytes = 640;

// One input per frame of a clip.
std::vector<TensorBytes> frames_of(const std::string& clip)
{
    const auto wav = read_file(shared_folder() / "data/speech_clips/tflm" / (clip + ".wav"));
    std::vector<TensorBytes> frames;
    for (size_t at = kWavHeaderBytes; at + kWindowBytes <= wav.size(); at += kStepBytes) {
        const auto begin = wav.begin() + static_cast<std::ptrdiff_t>(at);
        frames.push_back({Bytes(begin, begin + static_cast<std::ptrdiff_t>(kWindowBytes))});
    }
    return frames;
}

Bytes features(const Graph& graph, const std::vector<TensorBytes>& frames, bool generated)
{
    std::vector<RunOutputs> runs;
    if (generated) {
        const ResolvedTarget target = find_target("host");
        runs = run_on_target(compile(graph, {.name = "model", .target = target.facts, .lower = {}}),
                             target, frames);
    } else {
        runs = run_oracle(graph, Match::tflm, true, frames);
    }
    Bytes all;
    for (const RunOutputs& run : runs)
        all.insert(all.end(), run.outputs[0].begin(), run.outputs[0].end());
    return all;
}

TEST(SignalClips, features_equal_the_published_ones)
{
    const auto model = shared_folder() / "models/tflite-micro/audio_preprocessor_int8.tflite";
    if (shared_folder().empty() || !std::filesystem::exists(model))
        GTEST_SKIP() << "no shared folder";
    const Graph graph = import_model(model);
    require_supported(graph);
    const Bytes yes = {124, 105, 126, 103, 125, 101, 123, 100, 116, 98,  115, 97,  113, 90,
                       91,  82,  104, 96,  117, 97,  121, 103, 126, 101, 125, 104, 126, 104,
                       125, 101, 116, 90,  81,  74,  80,  71,  83,  76,  82,  71};
    const Bytes no = {126, 103, 124, 102, 124, 102, 123, 100, 118, 97, 118, 100, 118, 98,
                      121, 100, 121, 98,  117, 91,  96,  74,  54,  87, 100, 87,  109, 92,
                      91,  80,  64,  55,  83,  74,  74,  78,  114, 95, 101, 81};
    EXPECT_EQ(features(graph, frames_of("yes_30ms"), false), yes);
    EXPECT_EQ(features(graph, frames_of("no_30ms"), false), no);
    const std::pair<const char*, uint32_t> clips[] = {{"yes_1000ms", 0xa83fae7a},
                                                      {"no_1000ms", 0xe4c6e456},
                                                      {"noise_1000ms", 0x3bbd8c92},
                                                      {"silence_1000ms", 0x6ad42105}};
    for (const auto& [clip, expected] : clips) {
        const auto frames = frames_of(clip);
        EXPECT_EQ(frames.size(), 49u);
        EXPECT_EQ(crc32(features(graph, frames, false)), expected) << clip;
        EXPECT_EQ(crc32(features(graph, frames, true)), expected) << clip << " on the host";
    }
}

}  // namespace

}  // namespace thimble
