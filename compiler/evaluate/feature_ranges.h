// What the features of a network are like, value by value, and the stage that brings them to about
// -1 to 1: weights begin as if they were there (glorot), and one scale serves all int8 inputs.
//
// Tested by tests/unit/evaluate/feature_ranges_test.cc.
#pragma once

#include "evaluate/samples.h"

#include <optional>
#include <string>
#include <vector>

namespace thimble {

// Of the samples to train on, one entry for each place of the last axis.
struct FeatureRanges {
    DType type = DType::f32;
    std::vector<double> mean, deviation, greatest;  // greatest: of the absolute values
};

// Throws T0105 for ids, which are looked up and have no size.
FeatureRanges feature_ranges(const SampleSet& set);

// `add` and `scale` of a stage `normalize`: (x + add) / scale has mean 0 and deviation 1. `add` is
// whole for whole numbers, `scale` is 1 where nothing varies.
struct Normalization {
    std::vector<double> add, scale;
};
Normalization normalization(const FeatureRanges& ranges);

// As it stands in thimble.toml.
std::string stage_text(const Normalization& normalization, size_t samples);

// What to tell a user whose real features are too large to learn from; absent: nothing.
std::optional<std::string> feature_note(const SampleSet& set, const std::string& project);

}  // namespace thimble
