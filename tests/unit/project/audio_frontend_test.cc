// The composed audio front end on real clips: checksums of the features for the three published
// sets of tables, and equality with the imported audio_preprocessor model on every clip.
#include "../shared_folder.h"
#include "base/crc32.h"
#include "base/error.h"
#include "compile.h"
#include "formats/wav.h"
#include "import/import.h"
#include "project/audio_frontend.h"
#include "project/pipeline.h"
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

template <typename T>
Bytes bytes_of(const std::vector<T>& values)
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
    return all_outputs(
        run_on_target(compile(graph, {.name = "frontend", .target = target.facts, .lower = {}}),
                      target, frames_of(samples)));
}

std::filesystem::path clips()
{
    return shared_folder() / "data/speech_clips";
}

bool have_clips()
{
    return !shared_folder().empty() && std::filesystem::exists(clips() / "tflm");
}

#define NEED_CLIPS() \
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
        EXPECT_EQ(oracle_features(composed, sound.samples),
                  oracle_features(imported, sound.samples))
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

// The stage in a project: the tick graph gives the same features, frame by frame.
Pipeline pipeline_of(const std::string& input, const std::string& keys)
{
    return compose_pipeline(parse_project_file(
        "name = \"ears\"\n[input]\n" + input + "\n[[stage]]\nkind = \"audio_frontend\"\n" + keys,
        "ears/thimble.toml"));
}

const char* const kSound = "kind = \"audio\"\nrate_hz = 16000";

TEST(AudioFrontend, is_a_stage)
{
    const Pipeline pipeline = pipeline_of(kSound, "tables = \"micro_speech\"");
    EXPECT_EQ(pipeline.interface.window, kWindow);
    EXPECT_EQ(pipeline.interface.hop, kStep);
    EXPECT_EQ(pipeline.joints[1].tensor.shape, Shape{40});
    EXPECT_EQ(pipeline.joints[1].tensor.type, DType::i8);
    EXPECT_EQ(pipeline.joints[1].per_second, 50);
    NEED_CLIPS();
    const Sound sound = read_wav(clips() / "tflm/yes_1000ms.wav");
    Bytes features;
    for (const RunOutputs& run :
         run_oracle(pipeline.graph, Match::tflm, true, frames_of(sound.samples))) {
        EXPECT_EQ(run.outputs[0], Bytes{1});
        features.insert(features.end(), run.outputs[1].begin(), run.outputs[1].end());
    }
    EXPECT_EQ(crc32(features), 0x01e70aa6u);
}

TEST(AudioFrontend, takes_any_rate_window_and_step)
{
    const Pipeline cd = pipeline_of("kind = \"audio\"\nrate_hz = 44100",
                                    "window_ms = 25\nstep_ms = 10\nchannels = 32\n"
                                    "high_hz = 20000\noutput = \"float\"");
    EXPECT_EQ(cd.interface.window, 1102);
    EXPECT_EQ(cd.interface.hop, 441);
    EXPECT_EQ(cd.joints[1].tensor.shape, Shape{32});
    EXPECT_EQ(cd.joints[1].tensor.type, DType::f32);
    const Pipeline slow = pipeline_of("kind = \"audio\"\nrate_hz = 1000",
                                      "window_ms = 25\nstep_ms = 10\nchannels = 2\nlow_hz = 8\n"
                                      "high_hz = 450\noutput = \"none\"\nlog = false");
    EXPECT_EQ(slow.interface.window, 25);
    EXPECT_EQ(slow.joints[1].tensor.type, DType::i32);
}

std::string refusal_of(const std::string& input, const std::string& keys)
{
    try {
        pipeline_of(input, keys);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(AudioFrontend, names_the_key_that_is_wrong)
{
    EXPECT_NE(refusal_of(kSound, "step_ms = 31").find("thimble.toml:7: step_ms: a step of 496"),
              std::string::npos)
        << refusal_of(kSound, "step_ms = 31");
    EXPECT_NE(refusal_of(kSound, "high_hz = 8001").find("high_hz: 8001 Hz"), std::string::npos)
        << refusal_of(kSound, "high_hz = 8001");
    EXPECT_NE(refusal_of(kSound, "high_herz = 1").find("high_hz"), std::string::npos);
    EXPECT_NE(refusal_of("kind = \"motion\"\nrate_hz = 1000\nchannels = [\"x\"]", "")
                  .find("an input of another kind"),
              std::string::npos);
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
