// What is trained on: features by the pipeline's own stages, labels, targets, refusals.
#include "evaluate/samples.h"

#include "../data/folder.h"
#include "base/error.h"
#include "base/random.h"
#include "evaluate/front_stages.h"
#include "train/split.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

const char* const kMotion = R"(
name = "wave"
[input]
kind = "motion"
channels = ["x", "y"]
rate_hz = 10
[[stage]]
kind = "window"
samples = 2
hop = 1
[[stage]]
kind = "normalize"
add = 1
scale = 2
[[stage]]
kind = "network"
model = "not_trained_yet.tflite"
[[stage]]
kind = "argmax"
labels = ["up", "down"]
[data]
files = "*.csv"
labels = "file"
split = {test = 0.5}
)";

ProjectFile project(const DataFolder& folder, const std::string& text)
{
    return parse_project_file(text, folder.folder.path() / "thimble.toml");
}

std::vector<float> floats(const LabelledSample& sample)
{
    std::vector<float> values(sample.features.size() / sizeof(float));
    std::memcpy(values.data(), sample.features.data(), sample.features.size());
    return values;
}

std::string refusal(const ProjectFile& file)
{
    try {
        collect_samples(file);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Samples, changed_copies_are_trained_on)
{
    DataFolder folder;
    folder.write("up.csv", "x,y\n100,200\n300,400\n\n100,200\n300,400\n");
    folder.write("down.csv", "x,y\n0,0\n0,0\n\n0,0\n0,0\n");
    const SampleSet plain = collect_samples(project(folder, kMotion));
    const SampleSet set = collect_samples(project(
        folder, std::string(kMotion) + "[train]\naugment = {copies = 3, gain = [0.5, 0.9]}\n"));
    EXPECT_EQ(plain.train.size(), 2u);
    ASSERT_EQ(set.train.size(), 8u);
    EXPECT_EQ(set.test.size(), plain.test.size());
    for (const LabelledSample& sample : set.train) {
        if (sample.label == 1) continue;
        const float last = floats(sample).back();  // (400 gain + 1) / 2
        EXPECT_TRUE(last == 200.5f || (last >= 100 && last <= 181)) << last;
    }
    const std::string reversed = std::string(kMotion) + "[train]\naugment = {gain = [2, 1]}\n";
    EXPECT_NE(refusal(project(folder, reversed)).find("gain"), std::string::npos);
}

TEST(Samples, to_choose_by_are_not_changed_and_not_learnt_from)
{
    DataFolder folder;
    folder.write("up.csv", "x,y\n100,200\n300,400\n\n100,200\n300,400\n");
    folder.write("down.csv", "x,y\n0,0\n0,0\n\n0,0\n0,0\n");
    folder.write("other/up.csv", "x,y\n5,6\n7,8\n");
    std::string text = kMotion;
    text.replace(text.find("split"), std::string::npos,
                 "split = {test = 0}\nvalidation_files = \"other/*.csv\"\n"
                 "[train]\naugment = {copies = 2}\n");
    const SampleSet set = collect_samples(project(folder, text));
    ASSERT_EQ(set.train.size(), 13u);  // 4 recordings with 2 copies each, and one
    const TrainingSplit split = split_for_validation(set, 0.5, 1);
    EXPECT_EQ(split.validation, (std::vector<int64_t>{12}));
    EXPECT_EQ(split.train.size(), 12u);
    EXPECT_EQ(floats(set.train[12]), (std::vector<float>{3, 3.5f, 4, 4.5f}));
}

TEST(Samples, are_what_the_stages_in_front_of_the_network_give)
{
    DataFolder folder;
    folder.write("up.csv", "x,y\n1,2\n3,4\n5,6\n\n1,2\n3,4\n");
    folder.write("down.csv", "x,y\n0,0\n0,1\n\n7,7\n\n0,0\n0,1\n\n0,0\n0,1\n");
    const SampleSet set = collect_samples(project(folder, kMotion));
    EXPECT_EQ(set.sample.shape, (Shape{2, 2}));
    EXPECT_EQ(set.sample.type, DType::f32);
    EXPECT_EQ(set.labels, (std::vector<std::string>{"up", "down"}));
    EXPECT_EQ(set.places.size(), 6u);
    EXPECT_EQ(set.train.size() + set.test.size(), 6u);  // 2 + 1 of up, 1 + 0 + 1 + 1 of down
    EXPECT_EQ(set.without_sample, 1u);
    EXPECT_EQ(set.first_without, "down.csv:5");
    for (const auto* side : {&set.train, &set.test})
        for (const LabelledSample& sample : *side) {
            if (set.places[sample.recording] == "down.csv:2") {
                EXPECT_EQ(floats(sample), (std::vector<float>{0.5f, 0.5f, 0.5f, 1}));
                EXPECT_EQ(sample.label, 1);
            }
            if (set.places[sample.recording] == "up.csv:6") {
                EXPECT_EQ(floats(sample), (std::vector<float>{1, 1.5f, 2, 2.5f}));
            }
        }
}

TEST(Samples, must_be_there_for_every_label)
{
    DataFolder folder;
    folder.write("up.csv", "x,y\n1,2\n3,4\n");
    folder.write("down.csv", "x,y\n7,7\n");
    const std::string text = refusal(project(folder, kMotion));
    EXPECT_NE(text.find("thimble.toml:23: labels: no recording of 'down' to train on"),
              std::string::npos)
        << text;
}

TEST(Samples, may_take_one_label_for_all_that_are_not_known)
{
    DataFolder folder;
    folder.write("up.csv", "x,y\n1,2\n3,4\n");
    folder.write("left.csv", "x,y\n1,2\n3,4\n");
    const SampleSet set =
        collect_samples(project(folder, std::string(kMotion) + "others = \"down\"\n"));
    ASSERT_EQ(set.train.size(), 2u);
    EXPECT_EQ(set.train[0].label, 1);
    const std::string text =
        refusal(project(folder, std::string(kMotion) + "others = \"sideways\"\n"));
    EXPECT_NE(text.find("others: the label 'sideways'"), std::string::npos) << text;
}

TEST(Samples, of_the_last_window_alone_where_that_is_asked_for)
{
    DataFolder folder;
    folder.write("down.csv", "x,y\n1,2\n3,4\n");
    folder.write("up.csv", "x,y\n1,2\n3,4\n5,6\n");
    const SampleSet all = collect_samples(project(folder, kMotion));
    EXPECT_EQ(all.train.size(), 3u);
    const SampleSet last =
        collect_samples(project(folder, std::string(kMotion) + "windows = \"last\"\n"));
    ASSERT_EQ(last.train.size(), 2u);
    EXPECT_EQ(floats(last.train[1]), (std::vector<float>{2, 2.5f, 3, 3.5f}));
}

TEST(Samples, may_enter_in_front_of_the_network_itself)
{
    DataFolder folder;
    folder.write("up.csv", "x,y\n0.5,2\n3,4\n");
    folder.write("up_down.csv", "x,y\n0.5,2\n3,4\n");
    std::string one = kMotion;
    one.replace(one.find("\"up\", \"down\""), 12, "\"up\"");
    const SampleSet set = collect_samples(project(folder, one + "at = \"network\"\n"));
    ASSERT_EQ(set.train.size(), 1u);
    EXPECT_EQ(floats(set.train[0]), (std::vector<float>{0.5f, 2, 3, 4}));
}

TEST(Samples, carry_targets_where_the_network_gives_numbers)
{
    DataFolder folder;
    folder.write("table.csv", "a,y,b\n1,10,2\n3,30,4\n");
    const SampleSet set = collect_samples(project(folder, R"(
name = "sums"
[input]
kind = "tensor"
shape = [2]
[[stage]]
kind = "network"
model = "not_trained_yet.tflite"
[data]
files = "*.csv"
targets = "y"
samples = 1
split = {test = 0.0}
)"));
    ASSERT_EQ(set.train.size(), 2u);
    EXPECT_EQ(floats(set.train[1]), (std::vector<float>{3, 4}));
    EXPECT_EQ(set.train[1].targets, std::vector<float>{30});
    EXPECT_EQ(set.train[1].label, -1);
}

TEST(FrontStages, give_the_same_by_the_oracle_and_by_generated_c)
{
    const ProjectFile file = parse_project_file(R"(
name = "sounds"
[input]
kind = "audio"
rate_hz = 16000
[[stage]]
kind = "audio_frontend"
[[stage]]
kind = "window"
samples = 3
hop = 2
[[stage]]
kind = "network"
model = "not_trained_yet.tflite"
)",
                                                "thimble.toml");
    SplitMix64 random(1);
    std::vector<RawRecording> sounds(3, {"noise", {}});
    sounds[1].samples.resize(100);  // too short for a window
    for (const size_t i : {0u, 2u})
        for (int sample = 0; sample < 2 * 4000; ++sample)
            sounds[i].samples.push_back(static_cast<uint8_t>(random.next()));
    FrontStages slow(compose_pipeline(file, 0, 2), 0);
    FrontStages fast(compose_pipeline(file, 0, 2), 10'000'000);
    EXPECT_FALSE(slow.generated());
    EXPECT_TRUE(fast.generated());
    const auto expected = slow.run(sounds);
    EXPECT_EQ(expected[0].size(), 5u);  // 12 frames: rows 3, 5, ... 11 end a window
    EXPECT_TRUE(expected[1].empty());
    EXPECT_EQ(fast.run(sounds), expected);
}

TEST(Samples, are_refused_with_the_line_of_a_label_that_nothing_decides)
{
    DataFolder folder;
    folder.write("up.csv", "x,y\n1,2\n3,4\n");
    folder.write("dwn.csv", "x,y\n1,2\n3,4\n");
    const std::string text = refusal(project(folder, kMotion));
    EXPECT_NE(text.find("dwn.csv:2: the label 'dwn'"), std::string::npos) << text;
    EXPECT_NE(text.find("correct it to down"), std::string::npos) << text;
}

TEST(Samples, take_a_number_as_the_place_of_a_label)
{
    DataFolder folder;
    folder.write("a.csv", "x,y,c\n1,2,1\n3,4,1\n1,2,0\n3,4,0\n");
    std::string text = kMotion;
    text.replace(text.find("labels = \"file\""), 15, "labels = \"column:c\"");
    const SampleSet set = collect_samples(project(folder, text));
    ASSERT_EQ(set.train.size(), 2u);
    EXPECT_EQ(set.train[0].label, 1);
    EXPECT_EQ(set.train[1].label, 0);
    folder.write("a.csv", "x,y,c\n1,2,1\n3,4,1\n3,4,2\n");
    EXPECT_NE(refusal(project(folder, text)).find("a.csv:4: the label '2'"), std::string::npos);
}

}  // namespace
}  // namespace thimble
