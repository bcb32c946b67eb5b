// The stage `normalize` that features ask for.
#include "evaluate/feature_ranges.h"

#include "../data/folder.h"
#include "base/error.h"

#include <cstring>
#include <gtest/gtest.h>

namespace thimble {
namespace {

template <typename T>
SampleSet set_of(DType type, const std::vector<std::vector<T>>& rows)
{
    SampleSet set;
    set.sample.type = type;
    set.sample.shape = {static_cast<int64_t>(rows[0].size()) / 2, 2};
    for (const std::vector<T>& row : rows) {
        LabelledSample sample;
        sample.features.resize(row.size() * sizeof(T));
        std::memcpy(sample.features.data(), row.data(), sample.features.size());
        set.train.push_back(std::move(sample));
    }
    return set;
}

TEST(FeatureRanges, mean_and_deviation_of_each_channel)
{
    const FeatureRanges ranges =
        feature_ranges(set_of<float>(DType::f32, {{1, 5, 3, 5}, {-5, 5, 1, 5}}));
    EXPECT_EQ(ranges.mean, (std::vector<double>{0, 5}));
    EXPECT_EQ(ranges.deviation, (std::vector<double>{3, 0}));
    EXPECT_EQ(ranges.greatest, (std::vector<double>{5, 5}));
    const Normalization found = normalization(ranges);
    EXPECT_EQ(found.add, (std::vector<double>{0, -5}));
    EXPECT_EQ(found.scale, (std::vector<double>{3, 1}));
    EXPECT_EQ(stage_text(found, 2),
              "[[stage]]\n"
              "kind = \"normalize\"   # in front of the network: mean and deviation of 2 samples\n"
              "add = [0, -5]\n"
              "scale = [3, 1]\n");
}

TEST(FeatureRanges, whole_numbers_are_shifted_by_whole_numbers)
{
    const Normalization found =
        normalization(feature_ranges(set_of<int16_t>(DType::i16, {{100, 7}, {101, 9}, {103, 8}})));
    EXPECT_EQ(found.add, (std::vector<double>{-101, -8}));
}

TEST(FeatureRanges, a_note_where_real_features_are_large)
{
    const auto note = [](float x) {
        return feature_note(set_of<float>(DType::f32, {{0, 1}, {1, x}}), "p").value_or("none");
    };
    EXPECT_EQ(note(-19), "none");
    EXPECT_NE(note(-900).find("features reach 900 (number 1 of a row)"), std::string::npos)
        << note(-900);
    EXPECT_FALSE(feature_note(set_of<int8_t>(DType::i8, {{0, 127}}), "p"));
}

TEST(FeatureRanges, ids_have_no_size)
{
    SampleSet set = set_of<int32_t>(DType::i32, {{4, 9}});
    set.ids = 10;
    EXPECT_THROW(feature_ranges(set), Error);
}

// What is printed stands in a project, and then the features have mean 0 and deviation 1.
TEST(FeatureRanges, the_stage_does_what_it_says)
{
    const std::string input = "[input]\nkind = \"tensor\"\nshape = [2]\n";
    const std::string rest =
        "[[stage]]\nkind = \"network\"\nmodel = \"none.tflite\"\n"
        "[[stage]]\nkind = \"argmax\"\nlabels = [\"a\", \"b\"]\n"
        "[data]\nfiles = \"t.csv\"\nlabels = \"column:l\"\nsamples = 1\n";
    const DataFolder folder;
    folder.write("t.csv",
                 "x,y,l\n-1000,0.001,0\n3000,0.003,0\n500,0.002,1\n2500,0.001,1\n"
                 "1200,0.004,0\n1300,0.005,1\n");
    const auto samples = [&](const std::string& text) {
        return collect_samples(parse_project_file(text, folder.folder.path() / "thimble.toml"));
    };
    const SampleSet plain = samples(input + rest);
    const std::string stage = stage_text(normalization(feature_ranges(plain)), plain.train.size());
    const FeatureRanges ranges = feature_ranges(samples(input + stage + rest));
    for (size_t c = 0; c < 2; ++c) {
        EXPECT_NEAR(ranges.mean[c], 0, 1e-3);
        EXPECT_NEAR(ranges.deviation[c], 1, 1e-3);
    }
}

}  // namespace
}  // namespace thimble
