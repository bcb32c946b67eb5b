// Sound to words: our features and the public micro_speech network, on the clips that come with it.
#include "../shared_folder.h"
#include "formats/wav.h"
#include "import/import.h"
#include "project/audio_frontend.h"
#include "project/pipeline.h"
#include "verify/engine.h"

#include <gtest/gtest.h>

namespace thimble {

namespace {

constexpr int64_t kWindow = 480, kStep = 320, kRows = 49, kChannels = 40;

// int8 features, one row after another.
Bytes features_of(const std::vector<int16_t>& samples)
{
    GraphBuilder builder("frontend");
    Tensor input;
    input.name = "samples";
    input.type = DType::i16;
    input.shape = {kWindow};
    builder.output(add_audio_frontend(builder, builder.input(input), {}));
    const Graph graph = builder.finish();
    std::vector<TensorBytes> frames;
    for (int64_t at = 0; at + kWindow <= static_cast<int64_t>(samples.size()); at += kStep) {
        const auto* first = reinterpret_cast<const uint8_t*>(samples.data() + at);
        frames.push_back({Bytes(first, first + 2 * kWindow)});
    }
    Bytes features;
    for (const RunOutputs& run : run_oracle(graph, Match::tflm, true, frames))
        features.insert(features.end(), run.outputs[0].begin(), run.outputs[0].end());
    return features;
}

// Scores 0 to 255 of silence, unknown, yes, no for every window of 49 rows.
std::vector<std::vector<int>> scores_of(const Bytes& features)
{
    const Graph network =
        import_model(shared_folder() / "models/tflite-micro/micro_speech_quantized.tflite");
    std::vector<TensorBytes> inputs;
    for (size_t at = 0; at + kRows * kChannels <= features.size(); at += kChannels) {
        const auto first = features.begin() + static_cast<std::ptrdiff_t>(at);
        inputs.push_back({Bytes(first, first + kRows * kChannels)});
    }
    std::vector<std::vector<int>> scores;
    for (const RunOutputs& run : run_oracle(network, Match::tflm, true, inputs)) {
        std::vector<int> row;
        for (const uint8_t byte : run.outputs[0]) row.push_back(static_cast<int8_t>(byte) + 128);
        scores.push_back(row);
    }
    return scores;
}

// The last word, by the mean of up to half a second of scores: the greatest one, if it is above
// 200.
std::string word_of(const std::string& clip)
{
    constexpr size_t mean_of = 25;
    constexpr int least = 200;
    const Sound sound =
        read_wav(shared_folder() / "data/speech_clips" / (std::string(clip) + ".wav"));
    const auto scores = scores_of(features_of(sound.samples));
    std::string last = "none";
    for (size_t t = 0; t < scores.size(); ++t) {
        const size_t first = t < mean_of ? 0 : t + 1 - mean_of;
        const int count = static_cast<int>(t + 1 - first);
        for (const auto& [label, word] : {std::pair{2, "yes"}, {3, "no"}}) {
            int sum = 0;
            for (size_t i = first; i <= t; ++i) sum += scores[i][static_cast<size_t>(label)];
            if (sum > least * count) last = word;
        }
    }
    return last;
}

TEST(MicroSpeech, hears_the_words_of_the_clips)
{
    if (shared_folder().empty() || !std::filesystem::exists(shared_folder() / "data/speech_clips"))
        GTEST_SKIP() << "no shared folder with speech_clips";
    for (const char* clip :
         {"tflm/yes_1000ms", "microlite/yes-example", "microlite/yes-16khz-2sec"})
        EXPECT_EQ(word_of(clip), "yes") << clip;
    for (const char* clip : {"tflm/no_1000ms", "microlite/no-example", "microlite/no-16khz-2sec"})
        EXPECT_EQ(word_of(clip), "no") << clip;
    for (const char* clip : {"tflm/noise_1000ms", "tflm/silence_1000ms",
                             "microlite/one_two_three-16khz-2sec", "arm/silence"})
        EXPECT_EQ(word_of(clip), "none") << clip;
}

// tests/projects/micro_speech above the folder of this program; empty when it was moved away.
std::filesystem::path example_folder()
{
    namespace fs = std::filesystem;
    for (fs::path at = fs::read_symlink("/proc/self/exe"); at.has_relative_path();) {
        at = at.parent_path();
        if (fs::exists(at / "tests/projects/micro_speech"))
            return at / "tests/projects/micro_speech";
    }
    return {};
}

// All words that the example's pipeline reports, in their order.
std::vector<std::string> heard(const Pipeline& pipeline, const std::string& clip)
{
    const Sound sound =
        read_wav(shared_folder() / "data/speech_clips" / (std::string(clip) + ".wav"));
    std::vector<TensorBytes> ticks;
    for (int64_t at = 0; at + kWindow <= static_cast<int64_t>(sound.samples.size()); at += kStep) {
        const auto* first = reinterpret_cast<const uint8_t*>(sound.samples.data() + at);
        ticks.push_back({Bytes(first, first + 2 * kWindow)});
    }
    std::vector<std::string> words;
    for (const RunOutputs& run : run_oracle(pipeline.graph, Match::tflm, false, ticks)) {
        if (run.outputs[0][0] == 0) continue;
        words.push_back(pipeline.interface.labels.at(run.outputs[1][0]));
    }
    return words;
}

TEST(MicroSpeech, example_reports_the_words_of_the_clips)
{
    const auto folder = example_folder();
    if (folder.empty() || shared_folder().empty()) GTEST_SKIP() << "no example or shared folder";
    const ProjectFile file = read_project_file(folder / "thimble.toml");
    if (!std::filesystem::exists(file.stages[2].file("model"))) GTEST_SKIP() << "no model";
    const Pipeline pipeline = compose_pipeline(file);
    using Words = std::vector<std::string>;
    EXPECT_EQ(heard(pipeline, "tflm/yes_1000ms"), Words{"yes"});
    EXPECT_EQ(heard(pipeline, "tflm/no_1000ms"), Words{"no"});
    EXPECT_EQ(heard(pipeline, "microlite/yes-example"), Words{"yes"});
    EXPECT_EQ(heard(pipeline, "microlite/no-example"), Words{"no"});
    EXPECT_EQ(heard(pipeline, "microlite/yes-16khz-2sec").back(), "yes");
    EXPECT_EQ(heard(pipeline, "microlite/no-16khz-2sec").back(), "no");
    for (const char* clip : {"microlite/one_two_three-16khz-2sec", "tflm/noise_1000ms",
                             "tflm/silence_1000ms", "arm/silence"})
        EXPECT_EQ(heard(pipeline, clip), Words{}) << clip;
}

}  // namespace

}  // namespace thimble
