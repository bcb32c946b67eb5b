#include "data/generate/generate.h"

#include "base/error.h"
#include "folder.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <numbers>
#include <set>

namespace thimble {
namespace {

Dataset generate(const std::string& kind, DataKind data, int64_t count = 0, uint64_t seed = 1)
{
    DataOptions options;
    options.kind = data;
    options.generate = kind;
    options.count = count;
    options.seed = seed;
    return load_dataset(options);
}

std::string source_of(const Recording& recording)
{
    return {recording.bytes.begin(), recording.bytes.end()};
}

// Literal results: another machine, compiler or library must find the same.
uint64_t sum_of(const Dataset& dataset)
{
    uint64_t hash = 0xCBF29CE484222325u;
    const auto add = [&](const auto& bytes) {
        for (const auto byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3u;
    };
    for (const Recording& one : dataset.recordings) {
        add(one.bytes);
        add(one.label);
        add(one.answer);
        hash = (hash ^ (one.test ? 1 : 0)) * 0x100000001B3u;
        for (const float value : one.targets)
            hash = (hash ^ static_cast<uint64_t>(std::llround(value * 1e6))) * 0x100000001B3u;
    }
    return hash;
}

TEST(Generate, is_the_same_everywhere)
{
    EXPECT_EQ(sum_of(generate("sine", DataKind::samples, 50)), 3440815032208893552u);
    EXPECT_EQ(sum_of(generate("motion", DataKind::samples, 60)), 994767966636313092u);
    EXPECT_EQ(sum_of(generate("key_reports", DataKind::samples, 60)), 15552550124093359656u);
    EXPECT_EQ(sum_of(generate("digits", DataKind::image, 60)), 11971569541179086286u);
    EXPECT_EQ(sum_of(generate("number_words", DataKind::text, 100)), 6970864978728293078u);
    EXPECT_EQ(sum_of(generate("dates", DataKind::text, 100)), 12891296638586723040u);
    EXPECT_NE(sum_of(generate("motion", DataKind::samples, 60, 2)),
              sum_of(generate("motion", DataKind::samples, 60, 1)));
}

TEST(Generate, plain_sine_is_a_sine)
{
    double worst = 0;
    for (int i = -4000; i <= 4000; ++i)
        worst = std::max(worst, std::abs(plain_sine(i * 0.01) - std::sin(i * 0.01)));
    EXPECT_LT(worst, 1e-9);
}

TEST(Generate, sine_has_noise_in_training_alone)
{
    double noise = 0;
    int64_t test = 0;
    const Dataset set = generate("sine", DataKind::samples);
    for (const Recording& one : set.recordings) {
        const double error = one.targets.at(0) - std::sin(one.value(0));
        EXPECT_EQ(one.type, DType::f32);
        if (one.test)
            EXPECT_LT(std::abs(error), 1e-6);
        else
            noise += error * error;
        test += one.test;
    }
    EXPECT_EQ(test, 200);
    EXPECT_EQ(std::ssize(set.recordings), 1200);
    EXPECT_NEAR(std::sqrt(noise / 1000), 0.1, 0.01);
}

double distance(const std::vector<double>& a, const std::vector<double>& b)
{
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

// Share of the held-out recordings that the nearest mean of a label calls right.
double nearest_mean_accuracy(const Dataset& dataset)
{
    std::map<std::string, std::pair<std::vector<double>, int>> means;
    for (const Recording& one : dataset.recordings) {
        if (one.test) continue;
        auto& [sum, count] = means[one.label];
        const std::vector<double> values = values_of(one);
        sum.resize(values.size());
        for (size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
        ++count;
    }
    for (auto& [label, mean] : means)
        for (double& value : mean.first) value /= mean.second;
    int right = 0, all = 0;
    for (const Recording& one : dataset.recordings) {
        if (!one.test) continue;
        const std::vector<double> values = values_of(one);
        const auto best = std::ranges::min_element(means, {}, [&](const auto& mean) {
            return distance(values, mean.second.first);
        });
        right += best->first == one.label;
        ++all;
    }
    return static_cast<double>(right) / all;
}

TEST(Generate, motion_is_more_than_the_nearest_mean_can_tell)
{
    const Dataset set = generate("motion", DataKind::samples, 3000);
    const double accuracy = nearest_mean_accuracy(set);
    RecordProperty("nearest_mean_percent", static_cast<int>(std::lround(accuracy * 100)));
    EXPECT_LT(accuracy, 0.9);
    EXPECT_GT(accuracy, 0.5);  // it is no noise either
    for (const LabelSummary& label : summarize(set)) {
        EXPECT_EQ(label.recordings, 1000) << label.label;
        EXPECT_EQ(label.test, 200) << label.label;
        EXPECT_EQ(label.shortest, 50);
        EXPECT_EQ(label.longest, 50);
    }
}

TEST(Generate, key_reports_depend_on_the_set_of_keys)
{
    std::map<std::multiset<int>, std::pair<std::string, bool>> sets;
    int64_t test = 0;
    for (const Recording& one : generate("key_reports", DataKind::samples, 6000).recordings) {
        std::multiset<int> keys = {one.bytes[0] + 1000};
        for (size_t i = 2; i < 8; ++i) keys.insert(one.bytes[i]);
        EXPECT_EQ(one.bytes[1], 0);
        const auto [known, fresh] = sets.insert({keys, {one.label, one.test}});
        // One answer and one side of the split for all orders of a set.
        EXPECT_EQ(known->second, std::make_pair(one.label, one.test));
        test += one.test;
    }
    EXPECT_NEAR(static_cast<double>(test) / 6000, 0.2, 0.03);
}

TEST(Generate, digits_are_dark_and_light)
{
    const Dataset set = generate("digits", DataKind::image, 1100);
    for (const Recording& one : set.recordings) {
        EXPECT_EQ(one.type, DType::u8);
        EXPECT_EQ(one.shape, (Shape{16, 16}));
        const int64_t light = std::ranges::count_if(one.bytes, [](uint8_t v) { return v > 160; });
        if (one.label != "none") {
            EXPECT_GT(light, 5) << one.place();
            EXPECT_LT(light, 150) << one.place();
        }
    }
    EXPECT_EQ(summarize(set).size(), 11u);
    EXPECT_EQ(summarize(set)[3].recordings, 100);
}

TEST(Generate, number_words_as_a_briton_reads_them)
{
    const Dataset set = generate("number_words", DataKind::text);
    std::map<std::string, std::string> words;
    for (const Recording& one : set.recordings) words[source_of(one)] = one.answer;
    EXPECT_EQ(words.at("0"), "zero");
    EXPECT_EQ(words.at("13"), "thirteen");
    EXPECT_EQ(words.at("42"), "forty two");
    EXPECT_EQ(words.at("100"), "one hundred");
    EXPECT_EQ(words.at("907"), "nine hundred and seven");
    const auto expect = [&](const char* number, const char* text) {
        const auto found = words.find(number);
        if (found != words.end()) { EXPECT_EQ(found->second, text); }
    };
    expect("7929", "seven thousand nine hundred and twenty nine");
    expect("508217", "five hundred and eight thousand two hundred and seventeen");
    expect("9000032", "nine million and thirty two");
}

TEST(Generate, number_words_holds_out_numbers_of_all_lengths)
{
    std::set<std::string> train, test;
    std::map<size_t, int> train_lengths, test_lengths;
    for (const Recording& one : generate("number_words", DataKind::text).recordings) {
        (one.test ? test : train).insert(source_of(one));
        ++(one.test ? test_lengths : train_lengths)[source_of(one).size()];
    }
    EXPECT_EQ(test.size(), 3000u);
    for (const std::string& source : test) EXPECT_FALSE(train.contains(source)) << source;
    for (size_t digits = 1; digits <= 10; ++digits) {
        EXPECT_GE(train_lengths[digits], 600) << digits;
        EXPECT_GT(test_lengths[digits], 0) << digits;
    }
    // The same numbers are held out whatever the seed.
    std::set<std::string> other;
    for (const Recording& one : generate("number_words", DataKind::text, 1000, 5).recordings)
        if (one.test) other.insert(source_of(one));
    EXPECT_EQ(other, test);
}

TEST(Generate, dates_are_right)
{
    std::set<std::string> train, test;
    std::map<std::string, std::string> all;
    std::set<std::string> forms;
    for (const Recording& one : generate("dates", DataKind::text).recordings) {
        (one.test ? test : train).insert(source_of(one));
        forms.insert(one.label);
        // A writing has one meaning.
        const auto [known, fresh] = all.insert({source_of(one), one.answer});
        EXPECT_EQ(known->second, one.answer) << source_of(one);
        ASSERT_EQ(one.answer.size(), 10u);
        // The year or its end stands in the source.
        EXPECT_NE(source_of(one).find(one.answer.substr(2, 2)), std::string::npos);
    }
    EXPECT_EQ(forms.size(), 16u);
    EXPECT_EQ(test.size(), 2000u);
    for (const std::string& source : test) EXPECT_FALSE(train.contains(source)) << source;
    for (const auto& [source, target] : {std::pair{"29 february 2004", "2004-02-29"},
                                         std::pair{"3/3/21", "2021-03-03"},
                                         std::pair{"1st of may 1999", "1999-05-01"}})
        if (all.contains(source)) { EXPECT_EQ(all[source], target); }
}

TEST(Generate, refuses_another_kind_of_input)
{
    try {
        generate("dates", DataKind::samples);
        ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.text().found, "'dates' gives texts, the project takes numbers");
    }
}

}  // namespace
}  // namespace thimble
