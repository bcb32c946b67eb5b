// The composed audio front end on real clips: checksums of the features for the three published
// sets of tables, and equality with the imported audio_preprocessor model on every clip.
#include "../shared_folder.h"
#include "base/crc32.h"
#include "base/error.h"
#include "compile.h"
#include "formats/wav.h"
#include "import/import.h"
#include "project/audio_frontend.h"
#include "verify/engine.h"

#include <gtest/gtest.h>

namespace thimble {

namespace {

constexpr int64_t kWindow = 480, kStep = 320;

Graph frontend_graph(const AudioFrontend& settings)
{
    GraphBuilder builder("frontend");
    Tensor samples;
    samples.name = "samples";
    samples.type = DType::i16;
    samples.shape = {settings.window};
    builder.output(add_audio_frontend(builder, builder.input(samples), settings), "features");
    return builder.finish();
}

template <typename T> Bytes bytes_of(const std::vector<T>& values)
{
    const auto* first = reinterpret_cast<const uint8_t*>(values.data());
    return {first, first + values.size() * sizeof(T)};
}

std::vector<TensorBytes> frames_of(const std::vector<int16_t>& samples, int64_t window = kWindow,
                                   int64_t step = kStep)
{
    std::vector<TensorBytes> frames;
    for (auto at = samples.begin(); samples.end() - at >= window;) {
        frames.push_back({bytes_of(std::vector<int16_t>(at, at + window))});
        at += std::min<int64_t>(step, samples.end() - at);
    }
    return frames;
}

Bytes all_outputs(const std::vector<RunOutputs>& runs)
{
    Bytes all;
    for (const RunOutputs& run : runs)
        all.insert(all.end(), run.outputs[0].begin(), run.outputs[0].end());
    return all;
}

Bytes oracle_features(const Graph& graph, const std::vector<int16_t>& samples)
{
    return all_outputs(run_oracle(graph, Match::tflm, true, frames_of(samples)));
}

Bytes host_features(const Graph& graph, const std::vector<int16_t>& samples)
{
    const ResolvedTarget target = find_target("host");
    return all_outputs(run_on_target(
        compile(graph, {.name = "frontend", .target = target.facts, .lower = {}}), target,
        frames_of(samples)));
}

std::filesystem::path clips() { return shared_folder() / "data/speech_clips"; }

bool have_clips()
{
    return !shared_folder().empty() && std::filesystem::exists(clips() / "tflm");
}

#define NEED_CLIPS()                                                                               \
    if (!have_clips()) GTEST_SKIP() << "no shared folder with speech_clips"

struct GoldenClip {
    const char* name;
    // Of int8 features, and of the logarithms as uint16.
    uint32_t preprocessor, preprocessor_log, micro_speech, micro_speech_log, microfrontend,
        microfrontend_log;
};

constexpr GoldenClip kGolden[] = {
    {"yes", 0xa83fae7a, 0x8b3fd631, 0x01e70aa6, 0xe9d057bc, 0xeb7b3951, 0x954f0364},
    {"no", 0xe4c6e456, 0xb14e93a5, 0xd8621224, 0xaf0decbc, 0xb56a1b49, 0x109b80a0},
    {"noise", 0x3bbd8c92, 0xce35bcc9, 0xd72e2890, 0xd545c898, 0xb6c1249c, 0x615c05cc},
    {"silence", 0x6ad42105, 0xa1f24915, 0x6ad42105, 0xa1f24915, 0x6ad42105, 0xa1f24915}};

void check_set(AudioTables set, uint32_t GoldenClip::*features, uint32_t GoldenClip::*logarithms)
{
    NEED_CLIPS();
    const Graph int8 = frontend_graph({.tables = set});
    const Graph integer = frontend_graph({.output = AudioOutput::integer, .tables = set});
    for (const GoldenClip& clip : kGolden) {
        const Sound sound = read_wav(clips() / "tflm" / (std::string(clip.name) + "_1000ms.wav"));
        const Bytes result = oracle_features(int8, sound.samples);
        EXPECT_EQ(result.size(), 1960u);
        EXPECT_EQ(crc32(result), clip.*features) << clip.name;
        EXPECT_EQ(crc32(oracle_features(integer, sound.samples)), clip.*logarithms) << clip.name;
        EXPECT_EQ(crc32(host_features(int8, sound.samples)), clip.*features) << clip.name;
    }
}

TEST(AudioFrontend, features_with_the_tables_of_audio_preprocessor)
{
    check_set(AudioTables::audio_preprocessor, &GoldenClip::preprocessor,
              &GoldenClip::preprocessor_log);
}

TEST(AudioFrontend, features_with_the_tables_of_micro_speech)
{
    check_set(AudioTables::micro_speech, &GoldenClip::micro_speech, &GoldenClip::micro_speech_log);
}

TEST(AudioFrontend, features_with_the_tables_of_microfrontend)
{
    check_set(AudioTables::microfrontend, &GoldenClip::microfrontend,
              &GoldenClip::microfrontend_log);
}

// Every clip of 16 kHz that lies there, through the imported model and through ours.
void check_against_model(const char* file, AudioOutput output)
{
    NEED_CLIPS();
    const auto path = shared_folder() / "models/tflite-micro" / file;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << file;
    const Graph imported = import_model(path);
    const Graph composed = frontend_graph({.output = output});
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(clips())) {
        if (entry.path().extension() != ".wav") continue;
        const Sound sound = read_wav(entry.path());
        if (sound.rate_hz != 16000) continue;
        EXPECT_EQ(oracle_features(composed, sound.samples), oracle_features(imported, sound.samples))
            << entry.path();
        ++count;
    }
    EXPECT_GE(count, 20);
}

TEST(AudioFrontend, equals_the_imported_int8_model_on_all_clips)
{
    check_against_model("audio_preprocessor_int8.tflite", AudioOutput::int8);
}

TEST(AudioFrontend, equals_the_imported_float_model_on_all_clips)
{
    check_against_model("audio_preprocessor_float.tflite", AudioOutput::real);
}

// A test of the microfrontend library itself: windows of 25 samples at 1000 Hz, steps of 10. The
// FFT has 32 points, so that the logarithm's correction is negative.
TEST(AudioFrontend, small_windows_of_the_microfrontend)
{
    const AudioFrontend settings = {.rate_hz = 1000,
                                    .window = 25,
                                    .channels = 2,
                                    .low_hz = 8,
                                    .high_hz = 450,
                                    .output = AudioOutput::integer,
                                    .tables = AudioTables::microfrontend};
    EXPECT_EQ(settings.fft_length(), 32);
    EXPECT_EQ(settings.correction_bits(), -1);
    std::vector<int16_t> samples;
    for (int i = 0; i < 9; ++i)
        for (const int16_t value : {0, 32767, 0, -32768}) samples.push_back(value);
    const auto frames = frames_of(samples, 25, 10);
    const Graph graph = frontend_graph(settings);
    const Bytes expected = bytes_of(std::vector<int16_t>{479, 425, 436, 378});
    EXPECT_EQ(all_outputs(run_oracle(graph, Match::tflm, true, frames)), expected);
    const ResolvedTarget host = find_target("host");
    const Program program = compile(graph, {.name = "frontend", .target = host.facts, .lower = {}});
    EXPECT_EQ(all_outputs(run_on_target(program, host, frames)), expected);
}

TEST(AudioFrontend, without_pcan_and_logarithm)
{
    const AudioFrontend settings = {.pcan = false, .log = false, .output = AudioOutput::integer};
    const Graph graph = frontend_graph(settings);
    EXPECT_EQ(graph.tensor(graph.outputs[0]).type, DType::i32);
    std::vector<int16_t> samples(kWindow);
    for (size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<int16_t>((i * 7919) % 20000);
    const Bytes result = oracle_features(graph, samples);
    EXPECT_EQ(result, host_features(graph, samples));
    EXPECT_NE(crc32(result), crc32(Bytes(result.size())));
}

std::string refused_key(const AudioFrontend& settings)
{
    try {
        require_audio_frontend(settings, [](const std::string& key) { return key; });
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0106);
        return error.text().place;
    }
    return "accepted";
}

TEST(AudioFrontend, refuses_what_does_not_go_together)
{
    EXPECT_EQ(refused_key({}), "accepted");
    EXPECT_EQ(refused_key({.window = 4}), "window_ms");
    EXPECT_EQ(refused_key({.window = 8193}), "window_ms");
    EXPECT_EQ(refused_key({.low_hz = 7500, .high_hz = 7500}), "low_hz");
    EXPECT_EQ(refused_key({.rate_hz = 8000, .high_hz = 4001}), "high_hz");
    EXPECT_EQ(refused_key({.rate_hz = 8000, .high_hz = 4000}), "accepted");
    EXPECT_EQ(refused_key({.smoothing_bits = 2}), "smoothing_bits");
    EXPECT_EQ(refused_key({.smoothing_bits = 2, .pcan = false}), "accepted");
    EXPECT_EQ(refused_key({.pcan_gain_bits = 14}), "pcan_gain_bits");
}

}  // namespace

}  // namespace thimble
