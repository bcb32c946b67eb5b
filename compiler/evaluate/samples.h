// What a network is trained on: the recordings of a project, run through the stages in front of it.
//
// The stages are the pipeline's own, so that what the network is trained on is what it will see on
// the device (front_stages.h).
//
// Tested by tests/unit/evaluate/samples_test.cc.
#pragma once

#include "ir/graph.h"
#include "project/project_file.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace thimble {

struct LabelledSample {
    std::vector<uint8_t> features;  // elements of SampleSet::sample
    int label = -1;                 // index into SampleSet::labels; -1: it has targets instead
    std::vector<float> targets;     // what the network shall give ([data] `targets`)
    size_t recording = 0;           // index into SampleSet::places
    bool validation = false;        // of a recording that is there to choose the best epoch by
};

struct SampleSet {
    Tensor sample;                    // type and shape of the features of one sample
    int64_t ids = 0;                  // features are ids below it; 0: they are no ids
    std::vector<std::string> labels;  // in the order of the network's values; empty: targets
    std::vector<LabelledSample> train, test;
    std::vector<std::string> places;  // of all recordings: "data/punch.csv:53"
    size_t without_sample = 0;        // recordings that the stages gave nothing for: too short
    std::string first_without;        // place of the first of them
    size_t not_trained = 0;           // recordings whose label is none of the network's
    std::vector<std::string> notes;   // said to the user
};

// Called now and then with the number of recordings that are done, and of all.
using SampleProgress = std::function<void(size_t done, size_t all)>;

struct SampleOptions {
    bool every_label = true;  // throws T0105 where nothing is an example of one of the labels
};

// `augment` of [train] adds changed copies of the recordings that are not held out.
// The stages from the one where recordings enter up to the first `network` or `seq2seq`; of each
// recording all windows or the last one, as [data] `windows` says. The same project gives the same
// samples in the same order. Throws what reading the recordings and composing the stages throws,
// T0105 for labels that the decision does not know, and where no recording is left.
SampleSet collect_samples(const ProjectFile& file, const SampleProgress& progress = {},
                          const SampleOptions& options = {});

}  // namespace thimble
